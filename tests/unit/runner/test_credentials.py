"""Credentials of well-known shapes do not reach the bus, and ordinary text is left as it is (design.md 7)."""

import json
import time
from typing import Any

import pytest
from support.plan_in_memory import PlanInMemory

from agentbus.observability.redaction import REDACTED
from agentbus.runner.credentials import without_credentials
from agentbus.runner.team import PlanContext, Report

# Put together here, so that no scanner takes this file for a leak.
BODY = "\n".join(["MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7" * 1 + "aB3"] * 8)
PEM = f"-----BEGIN PRIVATE {'KEY'}-----\n{BODY}\n-----END PRIVATE {'KEY'}-----"
JWT = "ey" + "JhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhbGljZSJ9.c2lnbmF0dXJlLWhlcmU"
SECRETS = [
    PEM,
    PEM.replace("PRIVATE", "ENCRYPTED PRIVATE"),
    PEM.replace("\n", "\\n"),
    PEM[:200],
    JWT,
    "gh" + "p_" + "a1B2" * 9,
    "github" + "_pat_" + "a1B2" * 12,
    "gl" + "pat-" + "a1B2-" * 5,
    "AK" + "IA" + "IOSFODNN7EXAMPLE",
    "AI" + "za" + "a1B2c" * 7,
    "xo" + "xb-" + "123456789012-abcdef",
    "s" + "k-" + "proj-a1B2c3D4e5F6g7H8i9",
    "s" + "k_live_" + "a1B2c3D4e5F6g7H8",
    "hf" + "_" + "a" * 34,
]
IN_CONTEXT = [
    ("Authorization: Bearer {}", "0123456789abcdef0123456789"),
    ("Authorization: Basic {}", "dXNlcjpodW50ZXIy"),
    ("postgresql://{}@db:5432/app", "me:hunter2"),
    ("AWS_SECRET_ACCESS_KEY={}", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLE+Ky"),
    ("AccountName=a;AccountKey={};", "a1B2" * 21 + "a1=="),
]
ORDINARY = [
    "Basic understanding of authentication-middleware",
    "a bearer AuthenticationMiddleware for OAuth2",
    "see https://example.org:8443/a@b and ssh://git@example.org/x",
    "postgresql://{user}:{password}@{host}/x and amqp://$USER:$PASS@h",
    f"starts with -----BEGIN PRIVATE {'KEY'}----- and ends with -----END PRIVATE {'KEY'}-----",
    "sha256 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "scikit sk-learn-contrib-pipeline-extensions, task-12345678901234567890A",
    "token=next(tokens); password = getpass(); api_key: str",
    "eyJust a word. Another word. A third",
]


@pytest.mark.parametrize("secret", SECRETS)
def test_a_credential_is_hidden_and_what_is_around_it_stays(secret: str) -> None:
    assert without_credentials(f"before {secret} after").split() == ["before", REDACTED, "after"]


@pytest.mark.parametrize(("text", "secret"), IN_CONTEXT)
def test_a_credential_in_its_place_is_hidden(text: str, secret: str) -> None:
    assert without_credentials(text.format(secret)) == text.format(REDACTED)


@pytest.mark.parametrize("text", ORDINARY)
def test_ordinary_text_stays(text: str) -> None:
    assert without_credentials(text) == text


def test_hostile_text_takes_no_long_time() -> None:
    for piece in (
        f"-----BEGIN PRIVATE {'KEY'}-----",
        "eyJ",
        "eyJaaaaaaaa.",
        "://a:",
        "Bearer ",
        "A" * 41 + " ",
    ):
        text = piece * (256 * 1024 // len(piece))
        began = time.process_time()
        without_credentials(text)
        assert time.process_time() - began < 2


async def test_no_message_of_a_plan_holds_one_and_a_replay_gets_what_the_team_saw() -> None:
    seen: list[Any] = []

    async def fetch() -> dict[str, Any]:
        return {"answer": [f"token {JWT}"]}

    async def work(plan: PlanContext) -> Report:
        seen.append(await plan.act("a", "fetch", {"with": JWT}, fetch))
        await plan.say("a", f"I have {JWT}", found={"deep": [PEM]})
        async with plan.stream("a") as stream:
            await stream.write(f"it is {JWT}")
        raise ValueError(f"refused {JWT}")

    first = PlanInMemory(work)
    await first.to_its_end()
    await PlanInMemory(work, messages=first.messages[:2]).to_its_end()
    assert JWT not in json.dumps([first.messages, first.live.chunks])
    assert BODY[:40] not in json.dumps(first.messages)
    assert seen == [{"answer": [f"token {REDACTED}"]}] * 2
