"""Secrets are cut out of JSON values wherever they stand: texts, names of fields, JSON inside texts."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.secret_samples import JWT, PEM, SHAPED

from agentbus.contracts.commands import AnswerClarification, PlanCommand
from agentbus.kernel.errors import Invalid
from agentbus.observability.secrets.value import redacted_model, without_secrets_in

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(alphabet="ab \n\u00e9\ud800", max_size=9),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text("xyz", max_size=3), inner, max_size=3)
    ),
    max_leaves=12,
)


@given(JSON)
def test_a_value_without_secrets_is_equal_to_what_came(value: Any) -> None:
    assert without_secrets_in(value) == value


@given(JSON, st.sampled_from([each for many in SHAPED.values() for each in many]))
def test_a_secret_is_found_at_any_depth_as_value_and_as_name(value: Any, secret: str) -> None:
    told = json.dumps(without_secrets_in({"a": [value, {"b": secret}], secret: 1, "c": json.dumps([secret])}))
    assert secret[:60] not in told
    assert json.dumps(secret)[1:60] not in told
    assert told.count("[redacted:") == 3


@pytest.mark.parametrize("wrap", range(4))
def test_json_inside_json_inside_json(wrap: int) -> None:
    text = json.dumps({"password": "correct horse", "pem": PEM, "other": "stays"})
    for _ in range(wrap):
        text = json.dumps({"body": text})
    told: Any = without_secrets_in({"raw": text})["raw"]
    for _ in range(wrap):
        told = json.loads(told)["body"]
    told = json.loads(told)
    assert told == {"password": "[redacted:password]", "pem": "[redacted:private_key]", "other": "stays"}


@pytest.mark.parametrize(
    ("name", "value", "hidden"),
    [
        ("password", "y", True),
        ("dbPassword", "correct horse", True),
        ("X-Api-Key", "abcd1234", True),
        ("Authorization", "secret12", True),
        ("key", "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08", False),
        ("token", "the", False),
        ("tokens_used", "12345678a", False),
        ("password", "", False),
        ("password", 7, False),
    ],
)
def test_the_name_of_a_field_can_make_its_value_a_secret(name: str, value: object, hidden: bool) -> None:
    assert (without_secrets_in({name: value}) != {name: value}) is hidden


def test_fields_whose_names_are_secrets_stay_apart() -> None:
    told = without_secrets_in({secret: place for place, secret in enumerate(SHAPED["github"])})
    assert list(told.values()) == list(range(len(SHAPED["github"])))


def test_what_is_too_deep_to_send_is_refused() -> None:
    deep: Any = []
    for _ in range(300):
        deep = [deep]
    with pytest.raises(Invalid, match="deeper"):
        without_secrets_in(deep)


def test_a_command_keeps_its_ids() -> None:
    command = AnswerClarification(
        command_id=JWT,
        plan_id="p",
        workspace_id="w",
        user_id="u",
        issued_at="2026-11-23T00:00:00.000000Z",
        request_id="",
        answer=f"it is {JWT}",
    )
    said = redacted_model(command, keep=PlanCommand.model_fields)
    assert said == command.model_copy(update={"answer": "it is [redacted:jwt]"})
