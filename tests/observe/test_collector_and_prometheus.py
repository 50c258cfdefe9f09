"""What the system tells of itself, as a real Collector and a real Prometheus take it (H1, H2)."""

from support.eventually import eventually
from support.observed import Observed
from support.one_trace import OF_A_TASK, WITHIN, across, caller, complete, make_task, run_plan
from support.prometheus import promtool

from agentbus.embedded.parts import SERVICES
from agentbus.embedded.repository import INFRA

FOLDER = INFRA / "observability"


async def test_one_trace_arrives_through_a_real_collector(observed: Observed) -> None:
    by = caller()
    await run_plan(observed.system, by)
    await make_task(observed.system, by)
    await complete(observed.system, by, WITHIN | OF_A_TASK)
    await across(observed.system, by)
    assert await observed.collector.figure("otelcol_receiver_accepted_spans") > 0
    assert await observed.collector.figure("otelcol_receiver_refused_spans") == 0


async def test_every_service_is_scraped(observed: Observed) -> None:
    async def all_up() -> None:
        up = {each["metric"]["service"]: each["value"][1] for each in await observed.prometheus.query("up")}
        assert up == dict.fromkeys(SERVICES, "1")

    await eventually(all_up, within=60)


async def test_an_exemplar_names_a_trace_that_was_collected(observed: Observed) -> None:
    for metric in (
        "agentbus_http_request_seconds",
        "agentbus_postgres_statement_seconds",
        "agentbus_mongo_command_seconds",
        "agentbus_bus_process_seconds",
        "agentbus_gateway_sync_seconds",
    ):

        async def collected(metric: str = metric) -> None:
            exemplars = await observed.prometheus.exemplars(f"{metric}_bucket")
            assert any(observed.system.traces.of_trace(each["trace_id"]) for each in exemplars), metric

        await eventually(collected, within=60)


async def test_rules_and_configurations_hold_before_promtool(observed: Observed) -> None:
    await promtool("check", "rules", FOLDER / "rules.yml")
    await promtool("test", "rules", FOLDER / "rules.test.yml")
    await promtool("check", "config", FOLDER / "prometheus.yml")


async def test_on_a_healthy_system_every_alert_is_evaluated_and_none_fires(observed: Observed) -> None:
    async def evaluated() -> None:
        (group,) = (await observed.prometheus.get("rules"))["groups"]
        for rule in group["rules"]:
            assert (rule["name"], rule["health"], rule["state"]) == (rule["name"], "ok", "inactive")

    await eventually(evaluated, within=90)
