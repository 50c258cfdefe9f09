"""Alerts, their changes and who was told, silences, limits, and the outbox (C5, H5)."""

from agentbus.postgres.migrations import execute
from agentbus.postgres.outbox import TABLE

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Makes the tables. `body` is the alert as it is told; the columns beside it are what is asked by."""
    execute(
        TABLE,
        """
        create table alerts (
            number bigint generated always as identity primary key,
            alert_id text not null unique,
            fingerprint text not null,
            workspace_id text,
            rule text not null,
            severity text not null check (severity in ('warning', 'critical')),
            state text not null check (state in ('pending', 'firing', 'acknowledged', 'resolved')),
            source text not null,
            clear_seconds double precision not null,
            clearing_since timestamptz,
            silenced_until timestamptz,
            plan_id text,
            body json not null,
            changed_at timestamptz not null
        )
        """,
        "create unique index alerts_open on alerts (fingerprint) where state <> 'resolved'",
        "create index alerts_by_workspace on alerts (workspace_id, number)",
        """
        create table alert_events (
            number bigint generated always as identity primary key,
            alert_id text not null references alerts (alert_id) on delete cascade,
            transition text not null,
            at timestamptz not null,
            by_user text,
            note text not null default '',
            body bytea not null,
            unique (alert_id, transition)
        )
        """,
        """
        create table alert_deliveries (
            number bigint not null references alert_events on delete cascade,
            channel text not null,
            alert_id text not null,
            state text not null default 'pending'
                check (state in ('pending', 'delivered', 'silenced', 'given_up')),
            tries integer not null default 0,
            next_try_at timestamptz not null,
            last_error text,
            delivered_at timestamptz,
            primary key (number, channel)
        )
        """,
        "create index alert_deliveries_due on alert_deliveries (channel, number) where state = 'pending'",
        "create index alert_deliveries_of on alert_deliveries (alert_id)",
        """
        create table silences (
            silence_id text primary key,
            workspace_id text,
            rule text,
            severity text,
            subject json not null,
            reason text not null,
            created_at timestamptz not null,
            created_by text not null,
            ends_at timestamptz not null
        )
        """,
        "create index silences_by_end on silences (ends_at)",
        """
        create index actions_of_a_thing on actions (workspace_id, tool, agent, started_at desc)
        where status = 'completed'
        """,
        """
        create table limits (
            workspace_id text not null,
            kind text not null check (kind in ('tool', 'agent', 'team', 'cost')),
            name text not null,
            value double precision not null,
            changed_at timestamptz not null,
            changed_by text not null,
            primary key (workspace_id, kind, name)
        )
        """,
    )
