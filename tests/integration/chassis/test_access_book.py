"""The access book on a real Kafka: read whole, followed, and good while Kafka is away."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest
from pydantic import SecretStr
from support.access_records import Said, member, new_key, revoked_token, revoked_user
from support.eventually import eventually
from support.made_topics import made_topics
from support.own_kafka import OwnKafka
from support.stack import Infra

from agentbus.bus.address import BusAddress
from agentbus.bus.producer import Producer
from agentbus.chassis.access.state import Change
from agentbus.chassis.auth import Access, Principal, authenticate, issue
from agentbus.chassis.settings import ServiceSettings
from agentbus.contracts.topics import ACCESS_CHANGES
from agentbus.embedded.ports import choose
from agentbus.kernel.errors import Rejected, Transient

SETTINGS = ServiceSettings(auth_secret=SecretStr("s" * 32))
HOUR = timedelta(hours=1)


class World:
    """One topic of access changes, its writer, and services that follow it."""

    def __init__(self, address: BusAddress) -> None:
        self.address = address
        self.producer = Producer(address)

    async def say(self, *said: Said) -> None:
        for key, value in said:
            await self.producer.send(ACCESS_CHANGES, key, value, schema="access_change.v1")

    @asynccontextmanager
    async def service(self) -> AsyncIterator[Access]:
        access = Access(SETTINGS, self.address)
        await access.start()
        try:
            yield access
        finally:
            await access.stop()


@asynccontextmanager
async def world(bootstrap: str, namespace: str) -> AsyncIterator[World]:
    made = World(BusAddress(bootstrap, namespace))
    async with made_topics(made.address):
        await made.producer.start()
        try:
            yield made
        finally:
            await made.producer.stop()


@pytest.fixture
async def here(stack: Infra) -> AsyncIterator[World]:
    async with world(stack.kafka_bootstrap, stack.namespace()) as made:
        yield made


def enter(access: Access, credential: str) -> Principal:
    return authenticate({"authorization": f"Bearer {credential}"}, {}, SETTINGS, access=access)


def refusal(access: Access, credential: str) -> str:
    try:
        enter(access, credential)
    except Rejected as refused:
        return f"{refused.status} {refused.code}"
    raise AssertionError("let in")


async def test_what_was_said_before_the_start_counts(here: World) -> None:
    text, key = new_key()
    token = issue(SETTINGS, "ann", "w1", "editor", HOUR)
    async with here.service() as first:
        token_id = enter(first, token).token_id or ""
    await here.say(key, revoked_token(token_id))
    async with here.service() as access:
        assert enter(access, text).user_id == "ci"
        assert refusal(access, token) == "401 token_revoked"


async def test_two_instances_see_a_revocation(here: World) -> None:
    token = issue(SETTINGS, "ann", "w1", "admin", HOUR)
    async with here.service() as left, here.service() as right:
        token_id = enter(left, token).token_id or ""
        assert enter(right, token).token_id == token_id
        heard = list[tuple[Change, bool]]()
        who = enter(right, token)
        end = right.book.on_change(lambda change: heard.append((change, change.concerns(who))))
        await here.say(revoked_token("another"), revoked_token(token_id))
        await eventually(lambda: _equal(len(heard), 2), within=5)
        assert [concerned for _, concerned in heard] == [False, True]
        with pytest.raises(Rejected, match="revoked"):
            right.book.current(who)
        await eventually(lambda: _equal(refusal(left, token), "401 token_revoked"), within=5)
        end()
        await here.say(revoked_user("ann", datetime.now(UTC)))
        await eventually(lambda: _equal(right.book.state.is_revoked(who), True), within=5)
        assert len(heard) == 2


async def test_what_is_issued_after_a_users_revocation_holds(here: World) -> None:
    async with here.service() as access:
        before = issue(SETTINGS, "ann", "w1", "editor", HOUR)
        await here.say(revoked_user("ann", datetime.now(UTC)))
        after = issue(SETTINGS, "ann", "w1", "editor", HOUR)
        await eventually(lambda: _equal(refusal(access, before), "401 token_revoked"), within=5)
        assert enter(access, after).user_id == "ann"
        assert enter(access, issue(SETTINGS, "ann", "w2", "editor", HOUR)).workspace_id == "w2"


async def test_a_listener_that_fails_hides_nothing(here: World) -> None:
    async with here.service() as access:

        def fail(_change: Change) -> None:
            raise RuntimeError("a bug of the listener")

        heard = list[Change]()
        access.book.on_change(fail)
        access.book.on_change(heard.append)
        await here.say(member("ann", "editor"))
        await eventually(lambda: _equal(len(heard), 1), within=5)


async def test_broken_records_open_nothing_and_hide_nothing(here: World) -> None:
    text, key = new_key()
    token = issue(SETTINGS, "ann", "w1", "admin", HOUR)
    async with here.service() as access:
        token_id = enter(access, token).token_id or ""
        await here.say(
            key,
            ("nonsense", b"\xff"),
            ("", b"{}"),
            ("key/%ff", b"[]"),
            (key[0], b"not json"),
            ("member/w1/mallory", b'{"role": "admin"}'),
            (f"revoked/w1/{token_id}", b"\x00"),
        )
        await eventually(lambda: _equal(refusal(access, token), "401 token_revoked"), within=5)
        assert refusal(access, text) == "401 unauthenticated"
        assert access.book.state.members("w1") == []
        async with here.service() as later:
            assert refusal(later, token) == "401 token_revoked"
            assert refusal(later, text) == "401 unauthenticated"


async def test_until_it_was_read_nobody_is_let_in() -> None:
    token = issue(SETTINGS, "ann", "w1", "admin", HOUR)
    nobody = BusAddress(f"127.0.0.1:{choose(set())}")
    async with World(nobody).service() as access:
        with pytest.raises(Transient) as raised:
            enter(access, token)
        assert (raised.value.status, raised.value.code) == (503, "access_unknown")
        with pytest.raises(Transient):
            await access.book.check()


async def test_after_that_kafka_may_be_away(tmp_path: Path) -> None:
    kafka = OwnKafka(tmp_path / "kafka")
    await kafka.start()
    try:
        async with world(kafka.bootstrap, "") as there:
            text, key = new_key()
            _, (other, value) = new_key()
            await there.say(key, (other, value))
            token = issue(SETTINGS, "ann", "w1", "editor", HOUR)
            async with there.service() as access:
                token_id = enter(access, token).token_id or ""
                await kafka.kill()
                assert enter(access, text).user_id == "ci"
                assert enter(access, token).user_id == "ann"
                async with there.service() as started_meanwhile:
                    with pytest.raises(Transient):
                        enter(started_meanwhile, token)
                    await kafka.start()
                    await there.say(revoked_token(token_id), (key[0], b""))
                    await nobody_enters(access, token, text)
                    await nobody_enters(started_meanwhile, token, text)
    finally:
        await kafka.stop()


async def nobody_enters(access: Access, *credentials: str) -> None:
    await eventually(lambda: _equal(access.book.known, True), within=30)
    for credential in credentials:
        await eventually(partial(refusal, access, credential), within=30)


def _equal(found: object, wanted: object) -> None:
    assert found == wanted
