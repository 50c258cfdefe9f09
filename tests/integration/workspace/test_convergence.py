"""Clients that edit offline, lose answers and come back all end with the same state as the database, and no
edit is lost: what was pushed stands in the audit trail, or among the conflicts (B1.5, B2.4, B2.5)."""

import random
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
from support.workspace_world import Home

Json = dict[str, Any]
FIELDS = ("title", "description", "branch", "statusMessage")


@dataclass
class Client:
    """What RxDB does, by its protocol, with the merge of decision 0025 as its conflict handler."""

    name: str
    http: httpx.AsyncClient
    root: str
    local: dict[str, Json] = field(default_factory=dict)
    assumed: dict[str, Json] = field(default_factory=dict)
    checkpoint: int = 0
    replaced: set[str] = field(default_factory=set)
    """Its own edits that it took back before the server had them."""

    def edit(self, document_id: str, name: str, value: str) -> None:
        before = self.local.get(document_id, {"id": document_id})
        if before.get(name) != self.assumed.get(document_id, {}).get(name):
            self.replaced.add(before[name])
        self.local[document_id] = {**before, name: value}

    def dirty(self) -> list[str]:
        return [
            each for each, state in self.local.items() if fields(state) != fields(self.assumed.get(each, {}))
        ]

    def take(self, master: Json) -> None:
        """Lays the fields that were changed here over what the server has."""
        document_id = master["id"]
        mine, base = self.local.get(document_id, {}), self.assumed.get(document_id, {})
        changed = {name: mine[name] for name in FIELDS if name in mine and mine[name] != base.get(name)}
        self.assumed[document_id] = master
        self.local[document_id] = {**master, **changed}

    async def pull(self) -> None:
        query = {"seq": self.checkpoint, "batch_size": 3}
        while True:
            answer = (await self.http.get(f"{self.root}/sync/tasks/pull", params=query)).json()
            for document in answer["documents"]:
                self.take(document)
            query["seq"] = self.checkpoint = answer["checkpoint"]["seq"]
            if len(answer["documents"]) < 3:
                return

    async def push(self, *, answer_is_lost: bool = False) -> set[str]:
        """Pushes all that differs; returns what it said."""
        rows = [
            {"newDocumentState": self.local[each]}
            | ({"assumedMasterState": self.assumed[each]} if each in self.assumed else {})
            for each in self.dirty()
        ]
        if not rows:
            return set()
        answer = await self.http.post(f"{self.root}/sync/tasks/push", json=rows)
        assert answer.status_code == 200, answer.text
        if not answer_is_lost:
            masters = {each["id"]: each for each in answer.json()}
            for row in rows:
                state: Any = row["newDocumentState"]
                if state["id"] in masters:
                    self.take(masters[state["id"]])
                else:
                    self.assumed[state["id"]] = state
        return {value for row in rows for value in fields(row["newDocumentState"]).values()}


def fields(document: Json) -> Json:
    return {name: document[name] for name in FIELDS if name in document}


@pytest.mark.parametrize("seed", range(4))
async def test_all_converge_and_nothing_is_lost(home: Home, seed: int) -> None:
    root, http = home
    chance = random.Random(seed)
    clients = [Client(f"c{number}", http, root) for number in range(5)]
    said: set[str] = set()
    for step in range(120):
        client = chance.choice(clients)
        match chance.randrange(6):
            case 0:
                await client.pull()
            case 1:
                said |= await client.push(answer_is_lost=chance.random() < 0.3)
            case _:
                document_id, name = f"t{chance.randrange(3)}", chance.choice(FIELDS)
                client.edit(document_id, name, f"{client.name}-{step}")
    for _ in range(20):
        for client in clients:
            await client.pull()
            said |= await client.push()
    states = [{each: fields(state) for each, state in client.local.items()} for client in clients]
    stored = {each["id"]: fields(each) for each in (await http.get(f"{root}/tasks")).json()}
    assert states == [stored] * 5
    assert [client.dirty() for client in clients] == [[]] * 5
    history = (await http.get(f"{root}/history", params={"limit": 1000})).json()
    assert [each["seq"] for each in history] == list(range(len(history), 0, -1))
    kept = {value for each in history for value in fields(each["after"]).values()}
    conflicts = (await http.get(f"{root}/conflicts", params={"limit": 1000})).json()
    recorded = {value for each in conflicts for value in fields(each["client"]).values()}
    assert said - set[str]().union(*(client.replaced for client in clients)) <= kept | recorded
    assert conflicts, "this seed shows nothing"
    for each in conflicts:
        assert each["fields"], each
        assert all(each["client"].get(name) != each["server"].get(name) for name in each["fields"])
