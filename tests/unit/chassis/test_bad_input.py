"""Bad input gets a problem detail that names what is wrong, and never a failure."""

from collections.abc import AsyncIterator

import pytest
from support.demo_service import client_of, problem_in

JSON = {"content-type": "application/json"}


@pytest.mark.parametrize(
    ("body", "headers", "status", "code"),
    [
        (b"{", JSON, 400, "malformed_json"),
        (b"\xff\xfe", JSON, 400, "malformed_json"),
        (b'{"name": "\xff"}', JSON, 400, "malformed_json"),
        (b'{"name": "\\ud800"}', JSON, 400, "malformed_json"),
        (b'{"name": "a", "size": NaN}', JSON, 400, "malformed_json"),
        (b"[" * 5_000, JSON, 400, "malformed_json"),
        (b'{"name": "a"}', {}, 415, "unsupported_media_type"),
        (b"name=a", {"content-type": "application/x-www-form-urlencoded"}, 415, "unsupported_media_type"),
        (b'{"name": "a"}', {"content-type": "text/plain"}, 415, "unsupported_media_type"),
        (b'"' + b"a" * 10_000 + b'"', JSON, 413, "body_too_large"),
        (b"null", JSON, 422, "invalid"),
        (b"[]", JSON, 422, "invalid"),
        (b"", JSON, 422, "invalid"),
        (b'{"name": ""}', JSON, 422, "invalid"),
        (b'{"name": 7, "size": "x"}', JSON, 422, "invalid"),
        (b'{"name": "a", "size": 1e400}', JSON, 400, "malformed_json"),
    ],
)
async def test_a_bad_body_is_a_problem(body: bytes, headers: dict[str, str], status: int, code: str) -> None:
    async with client_of() as client:
        problem_in(await client.post("/api/things/1", content=body, headers=headers), status, code)


async def test_a_body_without_announced_length_is_bounded_too() -> None:
    async def endless() -> AsyncIterator[bytes]:
        while True:
            yield b" " * 1_000

    async with client_of() as client:
        problem_in(await client.post("/api/things/1", content=endless(), headers=JSON), 413, "body_too_large")


@pytest.mark.parametrize("content_type", ["application/json; charset=utf-8", "application/merge-patch+json"])
async def test_a_good_body_reaches_the_route(content_type: str) -> None:
    async with client_of() as client:
        answer = await client.post(
            "/api/things/1?user_id=ann", content=b'{"name": "a"}', headers={"content-type": content_type}
        )
        assert answer.json() == {"id": "1", "name": "a", "user": "ann"}
        assert (await client.post("/api/things/1/cancel")).json() == "1"


async def test_each_wrong_field_is_named_and_nothing_is_echoed() -> None:
    async with client_of() as client:
        answer = await client.post("/api/things/1", json={"name": "HUNTER2" * 500, "size": "big"})
        problem = problem_in(answer, 422, "invalid")
        assert [error.field for error in problem.errors] == ["body.name", "body.size"]
        assert "HUNTER2" not in answer.text

        missing = problem_in(await client.get("/api/things/required?limit=99"), 422, "invalid")
        assert {error.field for error in missing.errors} == {"query.thing_id", "query.limit"}


async def test_a_thousand_wrong_fields_make_a_short_answer() -> None:
    async with client_of() as client:
        more = {f"{'k' * 300}{number}": "x" for number in range(30)}
        answer = await client.post("/api/things/1", json={"name": "a", "more": more})
        assert len(answer.content) < 10_000
        assert "29 more" in problem_in(answer, 422, "invalid").detail
