"""The rules over the services' metrics: what is short, from when on, and what to do about it (H5).

A rule measures one instance; each thing that it measures and finds beyond the limit is a finding, with a
recommendation that names the setting to change or the step to take. Pure; evaluated by `metric_watcher`.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Final

from agentbus.contracts.alerts import Severity
from agentbus.telemetry.alerts.measures import (
    Look,
    dead_letters,
    disk,
    down,
    failed_requests,
    gauge,
    loop_delay,
    pool,
)
from agentbus.telemetry.alerts.model import Timing
from agentbus.telemetry.alerts.scraping import Process


@dataclass(frozen=True)
class ResourceLimits:
    """From when on something is too much, or too little. From `AlertSettings`."""

    lag_records: float
    disk_free_ratio: float
    memory_bytes: float
    pool_ratio: float
    loop_delay_seconds: float
    request_failure_ratio: float


@dataclass(frozen=True)
class ResourceRule:
    """`below`: too little is wrong. Texts name labels, `service`, `instance`, `value` and `limit`."""

    name: str
    severity: Severity
    measure: Callable[[Process], Look]
    limit: Callable[[ResourceLimits], float]
    summary: str
    recommendation: str
    timing: Timing = field(default=Timing(for_seconds=30, clear_seconds=30))
    below: bool = False


RULES: Final[Iterable[ResourceRule]] = (
    ResourceRule(
        "ServiceDown",
        "critical",
        down,
        lambda _: 0.0,
        "{service} at {instance} does not answer",
        "Its log says why: `agentbus logs {service}`, `docker compose logs {service}`. A supervisor should "
        "have started it again; what it would have done waits in Kafka.",
        Timing(for_seconds=15),
    ),
    ResourceRule(
        "ConsumerLags",
        "warning",
        gauge("agentbus_bus_lag_records"),
        lambda limits: limits.lag_records,
        "{group} is {value:.0f} records of {topic} behind",
        "Start another {service} (compose: --scale {service}=2; of use up to the topic's partitions). Is "
        "what it writes to slow? Then that comes first. AGENTBUS_ALERT_LAG_RECORDS is from when on this is "
        "told.",
    ),
    ResourceRule(
        "DeadLetters",
        "warning",
        dead_letters,
        lambda _: 0.0,
        "{group} could not read {value:.0f} records of {topic} ({code})",
        "`agentbus dlq list`, then `show`; mend the writer, then `replay`.",
        Timing(),
    ),
    ResourceRule(
        "PartitionHalted",
        "critical",
        gauge("agentbus_bus_halted_partitions"),
        lambda _: 0.0,
        "{group} has halted {value:.0f} partitions of {topic}: too much poison",
        "Nothing is lost or put aside. Mend the writer or upgrade the reader, then restart {service}; the "
        "bounds are AGENTBUS_DEAD_LETTER_CONSECUTIVE and AGENTBUS_DEAD_LETTER_RATIO.",
        Timing(),
    ),
    ResourceRule(
        "OutboxGrows",
        "warning",
        gauge("agentbus_runner_outbox_pending_records"),
        lambda _: 1000.0,
        "{instance} holds {value:.0f} messages that Kafka has not taken",
        "Look at Kafka. Agents go on meanwhile; keep the runner's data folder (AGENTBUS_DATA_DIR), and its "
        "disk free.",
    ),
    ResourceRule(
        "ChangesNotPublished",
        "critical",
        gauge("agentbus_postgres_relay_oldest_seconds"),
        lambda _: 60.0,
        "{service} has changes for {value:.0f} s that Kafka has not taken",
        "Look at Kafka and at the log of {service} (relay waits). Nothing is lost; clients still pull.",
    ),
    ResourceRule(
        "DiskFull",
        "critical",
        disk,
        lambda limits: limits.disk_free_ratio,
        "{value:.1%} of the volume {volume} is free at {instance}",
        "Free or enlarge the volume under AGENTBUS_DATA_DIR. Kafka and PostgreSQL on it: shorten "
        "retention.ms of workspace.changes and agent.streaming, AGENTBUS_TELEMETRY_DETAIL_DAYS; "
        "agent.messages is the record, move it.",
        below=True,
    ),
    ResourceRule(
        "MemoryHigh",
        "warning",
        gauge("agentbus_process_memory_bytes"),
        lambda limits: limits.memory_bytes,
        "{instance} holds {value:.3g} bytes of memory",
        "Start another {service}, or give this one more and raise AGENTBUS_ALERT_MEMORY_BYTES. It grows "
        "without end: restart it, and report it with its metrics.",
    ),
    ResourceRule(
        "PoolExhausted",
        "warning",
        pool,
        lambda limits: limits.pool_ratio,
        "{instance} uses {value:.0%} of its connections to PostgreSQL",
        "Raise AGENTBUS_POSTGRES_CONNECTIONS of {service} while PostgreSQL's max_connections allows it for "
        "all instances; else find the slow statement (agentbus_postgres_statement_seconds).",
    ),
    ResourceRule(
        "EventLoopSlow",
        "warning",
        loop_delay,
        lambda limits: limits.loop_delay_seconds,
        "{instance} answers late: its event loop waits up to {value:g} s (p99)",
        "The machine is short of CPU, or this instance does too much: start another {service} elsewhere; of"
        " the runner, lower AGENTBUS_MAX_RUNNING_PLANS.",
    ),
    ResourceRule(
        "RequestsFail",
        "warning",
        failed_requests,
        lambda limits: limits.request_failure_ratio,
        "{value:.1%} of the requests to {instance} fail",
        "`agentbus logs {service}` by request id; 503 means that something behind it is away (see its "
        "readiness). AGENTBUS_ALERT_REQUEST_FAILURE_RATIO is from when on this is told.",
    ),
)
