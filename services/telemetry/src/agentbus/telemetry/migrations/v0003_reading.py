"""Indexes for what is read, and for roll-ups that are to be settled (0042)."""

from agentbus.postgres.migrations import execute

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Nothing is looked for by `actions_by_time`, and each action that is counted had to be entered there."""
    execute(
        "drop index actions_by_time",
        "create index actions_by_place on actions (plan_id, (coalesce(started_seq, ended_seq, 0)))",
        """
        create index rollups_unsettled on rollups (grain, starts_at)
        where partition >= 0 and grain <> 'minute'
        """,
    )
