"""The AsyncAPI 3.0 document: every topic, who sends and who receives on it, headers and Kafka settings."""

from collections.abc import Iterable, Mapping
from typing import Any

from agentbus.contracts.generation.registry import schema_header
from agentbus.contracts.topics import Topic, dead_letter_topic

Json = dict[str, Any]
_BINDING = {"bindingVersion": "0.5.0"}
DEAD_LETTER_HEADERS = {
    "code": "Stable, for machines.",
    "reason": "Why it could not be handled.",
    "topic": "Where it came from.",
    "partition": "Its partition there.",
    "offset": "Its offset there.",
    "group": "Who could not handle it.",
    "time": "When it was put aside.",
}
_LISTS = {"cleanup.policy"}
_INTEGERS = {"retention.ms", "retention.bytes", "delete.retention.ms", "max.message.bytes"}


def document(topics: Mapping[str, Topic], version: str) -> Json:
    """Returns the document; schemas are referred to in the folder `schemas` beside its own."""
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "agentbus",
            "version": version,
            "description": "What agents do, as plain JSON on Kafka. Any client may read it: see README, tap.",
        },
        "defaultContentType": "application/json",
        "servers": {
            "kafka": {
                "host": "{bootstrap}",
                "protocol": "kafka",
                "variables": {"bootstrap": {"default": "127.0.0.1:9092"}},
            }
        },
        "channels": dict(_channels(topics.values())),
        "operations": dict(_operations(topics.values())),
        "components": {"messages": dict(_messages(topics.values()))},
    }


def _channels(topics: Iterable[Topic]) -> Iterable[tuple[str, Json]]:
    for topic in topics:
        yield topic.name, _channel(topic.name, topic.description, topic, topic.schema_name)
        for group in topic.dead_letter:
            name = dead_letter_topic(topic.name, group)
            yield name, _channel(name, f"What {group} could not read of {topic.name}.", None, "DeadLetter")


def _channel(name: str, description: str, topic: Topic | None, message: str) -> Json:
    channel: Json = {
        "address": name,
        "description": description,
        "messages": {message: {"$ref": f"#/components/messages/{message}"}},
    }
    if topic:
        settings = {key: _setting(key, value) for key, value in sorted(topic.config.items())}
        kafka = {"partitions": topic.partitions, "topicConfiguration": settings, **_BINDING}
        channel["bindings"] = {"kafka": kafka}
    return channel


def _setting(key: str, value: str) -> Any:
    if key in _LISTS:
        return value.split(",")
    return int(value) if key in _INTEGERS else value


def _operations(topics: Iterable[Topic]) -> Iterable[tuple[str, Json]]:
    for topic in topics:
        for service in topic.producers:
            yield _operation("send", service, topic.name, f"{service} writes to {topic.name}.")
        for group in topic.groups:
            purpose = f"{group} reads {topic.name}; its instances share the partitions."
            yield _operation("receive", group, topic.name, purpose, group=group)
        for service in topic.tailers:
            purpose = f"Each instance of {service} reads every partition of {topic.name}."
            yield _operation("receive", f"{service}_tail", topic.name, purpose)
        for group in topic.dead_letter:
            name = dead_letter_topic(topic.name, group)
            yield _operation("send", group, name, f"{group} puts aside what it cannot read, with the reason.")


def _operation(
    action: str, who: str, channel: str, summary: str, *, group: str | None = None
) -> tuple[str, Json]:
    operation: Json = {"action": action, "channel": {"$ref": f"#/channels/{channel}"}, "summary": summary}
    if group:
        operation["bindings"] = {"kafka": {"groupId": {"type": "string", "const": group}, **_BINDING}}
    return f"{who}_{action}_{channel.replace('.', '_')}", operation


def _messages(topics: Iterable[Topic]) -> Iterable[tuple[str, Json]]:
    for model, key in sorted({(topic.schema_name, topic.key) for topic in topics}):
        header = schema_header(model)
        payload = {
            "schemaFormat": "application/schema+json;version=draft-2020-12",
            "schema": {"$ref": f"../schemas/{header}.json"},
        }
        yield model, _message(model, _headers(header), key, payload)
    yield "DeadLetter", _message("DeadLetter", _dead_letter_headers(), "the record's own key", None)


def _message(name: str, headers: Json, key: str, payload: Json | None) -> Json:
    message: Json = {
        "name": name,
        "contentType": "application/json",
        "headers": headers,
        "bindings": {"kafka": {"key": {"type": "string", "description": key}, **_BINDING}},
    }
    return message | ({"payload": payload} if payload else {})


def _headers(schema: str) -> Json:
    return {
        "type": "object",
        "required": ["content-type", "schema"],
        "properties": {
            "content-type": {"type": "string", "const": "application/json"},
            "schema": {"type": "string", "const": schema},
            "traceparent": {"type": "string", "description": "W3C trace context of the writer."},
        },
    }


def _dead_letter_headers() -> Json:
    text = {"type": "string"}
    number = {"type": "string", "pattern": r"^\d+$"}
    return {
        "type": "object",
        "description": "The record's own headers, and why it stands here. Key and value are as they were.",
        "required": [f"dlq-{name}" for name in DEAD_LETTER_HEADERS],
        "properties": {
            f"dlq-{name}": (number if name in ("partition", "offset") else text) | {"description": words}
            for name, words in DEAD_LETTER_HEADERS.items()
        },
    }
