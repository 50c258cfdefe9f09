"""Which plan works on which task, and how far it is (B2)."""

from agentbus.postgres.migrations import execute

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Makes the table."""
    execute(
        """
        create table task_plans (
            plan_id text primary key,
            workspace_id text not null,
            task_id text not null,
            plan json not null,
            said json not null
        )
        """
    )
