"""How far the log was counted, plans and their actions, roll-ups, errors, changes of workspaces (0030)."""

from agentbus.postgres.migrations import execute

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Makes the tables. Sums of seconds and of money are `numeric`, so that no order of adding changes them.

    Roll-ups keep room in their pages: a bucket is written many times, and its index entries stay.
    """
    execute(
        """
        create table offsets (
            topic text not null,
            partition integer not null,
            next_offset bigint not null,
            updated_at timestamptz not null default now(),
            primary key (topic, partition)
        )
        """,
        """
        create table plans (
            plan_id text primary key,
            workspace_id text not null,
            user_id text not null,
            session_id text not null,
            team_id text not null,
            description text not null,
            status text not null,
            attempt bigint not null,
            last_seq bigint not null,
            partition integer not null,
            created_at timestamptz,
            started_at timestamptz,
            ended_at timestamptz,
            last_at timestamptz not null,
            last_type text not null,
            queue_seconds double precision not null,
            messages bigint not null,
            actions bigint not null,
            failures bigint not null,
            input_tokens bigint not null,
            output_tokens bigint not null,
            cost_usd numeric,
            unpriced_tokens bigint not null,
            trace_id text not null,
            error_fingerprint text
        )
        """,
        "create index plans_by_time on plans (workspace_id, created_at desc, plan_id)",
        "create index plans_open on plans (workspace_id) where ended_at is null",
        "create index plans_by_age on plans (last_at)",
        """
        create table actions (
            plan_id text not null,
            action_id text not null,
            workspace_id text not null,
            team_id text not null,
            parent_action_id text,
            agent text not null,
            agent_type text not null,
            tool text not null,
            model text not null,
            step_id text,
            status text not null check (status in ('running', 'completed', 'failed', 'stopped')),
            attempt bigint not null,
            started_seq bigint,
            ended_seq bigint,
            started_at timestamptz not null,
            ended_at timestamptz,
            seconds double precision,
            queue_seconds double precision not null,
            input_tokens bigint not null,
            output_tokens bigint not null,
            cost_usd numeric,
            error_fingerprint text,
            trace_id text not null,
            span_id text not null,
            input text,
            input_bytes bigint not null,
            primary key (plan_id, action_id)
        )
        """,
        "create index actions_by_time on actions (workspace_id, started_at desc)",
        "create index actions_running on actions (workspace_id, started_at) where status = 'running'",
        """
        create table rollups (
            grain text not null check (grain in ('minute', 'hour', 'day')),
            starts_at timestamptz not null,
            workspace_id text not null,
            team_id text not null,
            agent text not null,
            agent_type text not null,
            tool text not null,
            model text not null,
            partition integer not null,
            executions bigint not null,
            failures bigint not null,
            seconds_total numeric not null,
            seconds_max double precision not null,
            sketch bytea not null,
            queue_seconds_total numeric not null,
            input_tokens bigint not null,
            output_tokens bigint not null,
            cost_usd numeric,
            unpriced_tokens bigint not null,
            primary key (workspace_id, grain, starts_at, team_id, agent, agent_type, tool, model, partition)
        ) with (fillfactor = 70)
        """,
        "create index rollups_by_age on rollups (grain, starts_at)",
        """
        create table errors (
            workspace_id text not null,
            fingerprint text not null,
            type text not null,
            message text not null,
            stack text not null,
            service text not null,
            version text not null,
            first_seen_at timestamptz not null,
            last_seen_at timestamptz not null,
            count bigint not null,
            state text not null default 'open' check (state in ('open', 'resolved', 'regressed')),
            resolved_at timestamptz,
            resolved_by text,
            example jsonb not null,
            primary key (workspace_id, fingerprint)
        )
        """,
        "create index errors_by_time on errors (workspace_id, last_seen_at desc)",
        """
        create table error_events (
            plan_id text not null,
            seq bigint not null,
            workspace_id text not null,
            fingerprint text not null,
            at timestamptz not null,
            action_id text,
            trace_id text not null,
            agent text not null,
            tool text not null,
            primary key (plan_id, seq)
        )
        """,
        "create index error_events_by_group on error_events (workspace_id, fingerprint, at desc)",
        "create index error_events_by_trace on error_events (workspace_id, trace_id)",
        "create index error_events_by_age on error_events (at)",
        "create table workspaces (workspace_id text primary key, last_seq bigint not null)",
        """
        create table workspace_changes (
            grain text not null check (grain in ('minute', 'hour', 'day')),
            starts_at timestamptz not null,
            workspace_id text not null,
            collection text not null,
            origin text not null,
            partition integer not null,
            changes bigint not null,
            seconds_total numeric not null,
            seconds_max double precision not null,
            sketch bytea not null,
            primary key (workspace_id, grain, starts_at, collection, origin, partition)
        ) with (fillfactor = 70)
        """,
        "create index workspace_changes_by_age on workspace_changes (grain, starts_at)",
        _FORGET,
    )


_FORGET = """
create function forget_figures() returns void language plpgsql as $$
begin
    -- Who counts waits here, and then finds that the log is to be read from its beginning.
    lock table telemetry.offsets in exclusive mode;
    delete from telemetry.offsets where topic = 'agent.messages';
    truncate telemetry.plans, telemetry.actions, telemetry.rollups, telemetry.error_events;
    -- What people decided stands in no log.
    delete from telemetry.errors where state = 'open';
    update telemetry.errors set count = 0;
end
$$
"""
"""For `agentbus rebuild telemetry`: `workspace.changes` holds a week only, so its figures stay."""
