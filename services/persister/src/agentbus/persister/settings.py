"""The persister's settings: what every service knows (`agentbus.chassis.settings`), and these."""

from pydantic import Field

from agentbus.chassis.settings import ServiceSettings


class PersisterSettings(ServiceSettings):
    """All from the environment, `AGENTBUS_…`."""

    persister_batch_records: int = Field(
        default=1000, ge=1, le=10_000, description="Most records of one partition that are stored at once."
    )
    persister_known_plans: int = Field(
        default=10_000, ge=1, description="Plans whose state is kept in memory; others are read back."
    )
    persister_success_window_seconds: float = Field(
        default=60.0, gt=0, description="What the success ratio looks back on."
    )
