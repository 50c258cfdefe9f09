"""Values and headers as they stand on the wire."""

import pytest
from pydantic import BaseModel

from agentbus.bus.codec import decode, encode, record_headers
from agentbus.bus.kafka_names import key_bytes
from agentbus.kernel.errors import Invalid
from agentbus.observability.tracing import span, traceparent


class Thing(BaseModel):
    name: str


def test_models_and_mappings_become_json_objects() -> None:
    assert decode(encode(Thing(name="é"))) == decode(encode({"name": "é"})) == {"name": "é"}


@pytest.mark.parametrize("value", [b"", b"{", b"[]", b"1", b"\xff", b'{"a":1}x', b"NaN"])
def test_what_is_no_json_object_is_invalid(value: bytes) -> None:
    with pytest.raises(Invalid) as caught:
        decode(value)
    assert caught.value.code == "undecodable"


@pytest.mark.parametrize("value", [{"a": {1, 2}}, {"a": "\ud800"}, {"a": 2**70}])
def test_what_json_cannot_carry_is_invalid(value: dict[str, object]) -> None:
    with pytest.raises(Invalid):
        encode(value)


def test_headers_name_the_schema_and_the_span() -> None:
    assert record_headers("x.v1") == [("content-type", b"application/json"), ("schema", b"x.v1")]
    with span("work"):
        assert dict(record_headers("x.v1"))["traceparent"] == (traceparent() or "").encode()


def test_a_key_that_is_no_text_keeps_its_bytes() -> None:
    assert key_bytes(b"\xff\x00k".decode("utf-8", "surrogateescape")) == b"\xff\x00k"
