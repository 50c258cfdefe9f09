"""Secrets of each kind are cut out of texts, and what is no secret stays, byte for byte."""

import base64
import hashlib
import random
import subprocess
from collections import Counter
from pathlib import Path

import pytest
from support.secret_samples import IN_CONTEXT, SHAPED

from agentbus.kernel.errors import Fatal
from agentbus.observability.instruments import REDACTED
from agentbus.observability.secrets.assignments import entropy_bits
from agentbus.observability.secrets.text import add_patterns, secrets_in, without_secrets

ROOT = Path(__file__).parents[3]
MADE_UP = ("tests/", "contracts/examples/")
SHA = hashlib.sha256(b"x").hexdigest()
IMAGE = base64.b64encode(random.Random(1).randbytes(30_000)).decode()
ORDINARY = [
    "Basic understanding of authentication-middleware",
    "a bearer AuthenticationMiddleware for OAuth2",
    "see https://example.org:8443/a@b and ssh://git@example.org/x",
    "postgresql://{user}:{password}@{host}/x and amqp://$USER:$PASS@h",
    f"starts with -----BEGIN PRIVATE {'KEY'}----- and ends with -----END PRIVATE {'KEY'}-----",
    "scikit sk-learn-contrib-pipeline-extensions, task-12345678901234567890A",
    "token=next(tokens); password = getpass(); api_key: str",
    "eyJust a word. Another word. A third",
    f"sha256 {SHA}, commit {SHA[:40]}, key: {SHA}, cache_key={SHA[:40]}",
    "plan 0d7f6a0e-5d0a-4f9c-9d2e-1c7b3a6e8f10, key=0d7f6a0e-5d0a-4f9c-9d2e-1c7b3a6e8f10",
    f"![image](data:image/png;base64,{IMAGE})",
    "def login(user: str, password: str, *, token: str | None = None) -> None: ...",
    "password = settings.db_password\nsecret=config['secret']\ntoken: args.token",
    '{"total_tokens": 12345678, "token_count": "12345678", "max_tokens": 4096}',
    "Set the password to something long. The token is required. Is the key a secret? It is.",
    "| password | the user's password |\n|---|---|\n| `token` | see [tokens](#tokens) |",
    'password: "${DB_PASSWORD}", token: "<your token here>", secret: "{{ vault.secret }}"',
    "passwords=none, compassion=great, monkey=banana42, keyboard: qwerty-12345",
    "der Schlüssel — 密码 — İstanbul: geheim \u0000 \ufffd",
    "[redacted:jwt] password=[redacted:password] Bearer [redacted:bearer]",
]


@pytest.mark.parametrize(("kind", "secret"), [(kind, each) for kind in SHAPED for each in SHAPED[kind]])
def test_a_secret_is_cut_out_and_what_is_around_it_stays(kind: str, secret: str) -> None:
    for before, after in (("before ", " after"), ('{"a":"', '"}'), ("é(", ")\n")):
        assert without_secrets(before + secret + after) == f"{before}[redacted:{kind}]{after}"


@pytest.mark.parametrize(("kind", "context", "secret"), IN_CONTEXT)
def test_a_secret_in_its_context_is_cut_out(kind: str, context: str, secret: str) -> None:
    for around in ("", "x " * 400):
        text = around + context
        assert without_secrets(text.format(secret)) == text.format(f"[redacted:{kind}]")


@pytest.mark.parametrize("text", ORDINARY)
def test_ordinary_text_stays(text: str) -> None:
    assert without_secrets(text) == text
    assert without_secrets(text * 10) == text * 10


@pytest.mark.parametrize("text", [each for many in SHAPED.values() for each in many])
def test_twice_is_as_once(text: str) -> None:
    once = without_secrets(f"password={text} {text}")
    assert without_secrets(once) == once


def test_each_is_counted_by_its_kind() -> None:
    before = REDACTED.labels("jwt")._value.get()
    without_secrets(" ".join(SHAPED["jwt"]))
    assert REDACTED.labels("jwt")._value.get() == before + 2


def test_an_operator_adds_patterns() -> None:
    add_patterns([r"ACME-\d{6}"])
    try:
        assert without_secrets("id ACME-123456.") == "id [redacted:custom]."
        for wrong in ("(", "a*"):
            with pytest.raises(Fatal, match="redact pattern"):
                add_patterns([wrong])
    finally:
        add_patterns([])


def test_entropy_is_shannons() -> None:
    assert [entropy_bits(text) for text in ("aaaa", "abab", "abcd")] == [0, 1, 2]


def test_this_repositorys_own_sources_stay() -> None:
    """Prints the figures. Tests and examples hold made-up secrets, other files none."""
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, check=True, capture_output=True, text=True)
    found: Counter[str] = Counter()
    characters = files = 0
    for name in listed.stdout.splitlines():
        if not (path := ROOT / name).is_file():
            continue
        text = path.read_text(encoding="utf-8", errors="replace")
        files, characters = files + 1, characters + len(text)
        for secret in secrets_in(text):
            assert name.startswith(MADE_UP), f"{name}: {secret.kind} at {secret.start}"
            found[secret.kind] += 1
    print(f"{characters:,} characters in {files} files; made-up secrets found: {dict(found)}, others: none")
    assert found.total() < characters / 50_000
