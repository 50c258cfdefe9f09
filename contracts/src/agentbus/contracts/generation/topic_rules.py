"""Rules over the topics: no topic without a reader's schema, no name that nobody answers to."""

from collections.abc import Collection, Iterable, Mapping

from agentbus.contracts.topics import Topic

PLANNED_SERVICES = frozenset({"workflows", "timetravel", "memory"})
"""Services that the design fixes and that are not here yet; topics may name them as readers and writers."""


def problems(
    topics: Iterable[Topic], *, models: Mapping[str, Collection[str]], services: Collection[str]
) -> list[str]:
    """Returns what is wrong with the topics; `models` maps a value model's name to its fields' names."""
    return [problem for topic in topics for problem in _problems(topic, models, services)]


def _problems(
    topic: Topic, models: Mapping[str, Collection[str]], services: Collection[str]
) -> Iterable[str]:
    if topic.schema_name not in models:
        yield f"{topic.name}: unknown model {topic.schema_name}"
    elif topic.key not in models[topic.schema_name]:
        yield f"{topic.name}: {topic.schema_name} has no field {topic.key} to be the key"
    for service in sorted({*topic.producers, *topic.groups, *topic.tailers} - set(services)):
        yield f"{topic.name}: unknown service {service}"
    for group in sorted(set(topic.dead_letter) - set(topic.groups)):
        yield f"{topic.name}: {group} has a dead letter topic and is no consumer group"
    if not topic.producers:
        yield f"{topic.name}: nobody writes to it"
    if not topic.groups and not topic.tailers:
        yield f"{topic.name}: nobody reads it"


def orphans(models: Iterable[str], reached: Collection[str]) -> list[str]:
    """Returns the models that no published schema reaches."""
    return sorted(set(models) - set(reached))
