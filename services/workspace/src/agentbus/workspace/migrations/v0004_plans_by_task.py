"""Which plans work on a task: a task that comes into being is told of them (0038)."""

from agentbus.postgres.migrations import execute

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Makes the index."""
    execute("create index task_plans_by_task on task_plans (workspace_id, task_id)")
