"""Which alerts are silenced, and until when. Pure; called by `store` whenever alerts or silences change."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from agentbus.contracts.alerts import Alert


@dataclass(frozen=True)
class Quiet:
    """A silence: what is None or empty matches anything; a subject's every entry has to be the alert's."""

    workspace_id: str | None
    rule: str | None
    severity: str | None
    subject: Mapping[str, str]
    ends_at: datetime

    def covers(self, alert: Alert) -> bool:
        """Whether the alert is meant. A workspace's silence is of its alerts alone, the system's likewise."""
        return (
            self.workspace_id == alert.workspace_id
            and self.rule in (None, alert.rule)
            and self.severity in (None, alert.severity)
            and all(alert.subject.get(name) == value for name, value in self.subject.items())
        )


def silenced_until(alert: Alert, silences: Iterable[Quiet], now: datetime) -> datetime | None:
    """Returns when the last silence that covers the alert ends; None: it is not silenced."""
    ends = [each.ends_at for each in silences if each.ends_at > now and each.covers(alert)]
    return max(ends, default=None)
