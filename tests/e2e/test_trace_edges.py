"""Who goes on from whom: one trace through HTTP, Kafka, agents, both databases and the sockets (H1)."""

import pytest
from support.one_trace import CONTENT, OF_A_TASK, WITHIN, across, caller, complete, make_task, run_plan
from support.otlp_receiver import Received
from support.system import System

pytestmark = pytest.mark.embedded_only  # the receiver of spans is ours


async def test_a_plan_is_one_trace_from_the_request_to_the_database_and_the_socket(system: System) -> None:
    by = caller()
    plan_id = await run_plan(system, by)
    spans = await complete(system, by, WITHIN)
    await across(system, by)
    check_agents(spans, plan_id)
    check_databases(spans)
    assert not [span for span in spans if CONTENT in repr(span)]
    assert not [span for span in spans if "agent.streaming" in span.name], "a text has hundreds of chunks"


async def test_a_change_is_one_trace_from_the_request_to_those_who_see_it(system: System) -> None:
    by = caller()
    await make_task(system, by)
    spans = await complete(system, by, OF_A_TASK)
    statements = [span for span in spans if span.attributes.get("db.system.name") == "postgresql"]
    assert {"BEGIN", "COMMIT"} <= {span.name for span in statements}
    assert not [span for span in spans if CONTENT in repr(span)]


async def test_a_trace_that_its_caller_does_not_record_is_recorded_nowhere(system: System) -> None:
    unrecorded, recorded = caller(recorded=False), caller()
    plan = await system.plan(await run_plan(system, unrecorded))
    await run_plan(system, recorded)
    await complete(system, recorded, WITHIN)
    assert system.traces.of_trace(unrecorded.trace_id) == []
    # Its ids are there all the same: for the log of messages and for logs.
    assert {message["trace_id"] for message in plan["messages"]} == {unrecorded.trace_id}


def check_agents(spans: list[Received], plan_id: str) -> None:
    """Agents and tools under the names of the conventions for generative AI."""
    (run,) = [span for span in spans if span.name == "invoke_agent"]
    ticks = [span for span in spans if span.name == "execute_tool tick"]
    assert run.attributes["gen_ai.conversation.id"] == plan_id
    assert [span.parent_id for span in ticks] == [run.span_id] * 2
    for span in ticks:
        assert span.attributes["gen_ai.operation.name"] == "execute_tool"
        assert (span.attributes["gen_ai.agent.name"], span.attributes["gen_ai.tool.name"]) == (
            "worker",
            "tick",
        )


def check_databases(spans: list[Received]) -> None:
    """What was written, where, and how much; not what."""
    writes = [span for span in spans if span.label == "persister: insert messages"]
    for span in writes:
        assert span.kind == "client"
        assert span.attributes["db.system.name"] == "mongodb"
        assert span.attributes["db.collection.name"] == "messages"
