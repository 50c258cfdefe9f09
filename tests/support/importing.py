"""A client of one workspace that has old data in its localStorage."""

import json
from collections.abc import Mapping
from typing import Any

import httpx
from support.zustand_dump import LocalStorageDump


class Importing:
    """Speaks the protocol of decision 0027."""

    def __init__(self, root: str, http: httpx.AsyncClient) -> None:
        self.root = root
        self.http = http

    async def send(self, values: Mapping[str, str | None], **query: Any) -> dict[str, Any]:
        answer = await self.post(values, **query)
        assert answer.status_code == 200, answer.text
        told: dict[str, Any] = answer.json()
        return told

    async def post(self, values: Mapping[str, str | None], **query: Any) -> httpx.Response:
        body = {"values": values, "only_sound": query.pop("only_sound", False)}
        return await self.http.post(f"{self.root}/imports", json=body, params=query)

    async def act(self, told: dict[str, Any], act: str, body: Any = None) -> httpx.Response:
        return await self.http.post(f"{self.root}/imports/{told['import_id']}/{act}", json=body)

    async def confirm(self, told: dict[str, Any], dump: LocalStorageDump | None = None) -> httpx.Response:
        """Confirms with what the dump's client counted and hashed; without one, with the report's own."""
        count, digest = (dump.count, dump.content_hash) if dump else (told["count"], told["content_hash"])
        return await self.act(told, "confirm", {"count": count, "content_hash": digest})

    async def stored(self, collection: str = "tasks") -> list[dict[str, Any]]:
        answer = await self.http.get(f"{self.root}/{collection}", params={"limit": 1000})
        found: list[dict[str, Any]] = answer.json()
        return found

    async def seq(self) -> int:
        return int((await self.http.get(f"{self.root}/tasks")).headers["workspace-seq"])


def tasks(*values: Any) -> dict[str, str | None]:
    """localStorage with these tasks."""
    return {"task-store": json.dumps({"state": {"tasks": values}, "version": 0})}


def outcomes(told: dict[str, Any]) -> list[str]:
    return [item["outcome"] for item in told["items"]]
