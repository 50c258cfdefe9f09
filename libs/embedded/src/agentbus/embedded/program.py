"""One supervised program: what is run, in which environment, and how it is stopped."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from agentbus.embedded.errors import EmbeddedError

_TEMPLATE: Final = """\
[program:{name}]
command={command}
directory={directory}
environment={environment}
{user}autostart=false
autorestart=true
startsecs=1
startretries=20
priority={priority}
stopsignal={stop_signal}
stopwaitsecs={stop_seconds}
killasgroup=true
redirect_stderr=true
stdout_logfile={log}
stdout_logfile_maxbytes=20MB
stdout_logfile_backups=3
"""


@dataclass(frozen=True)
class Program:
    """A process of the stack. Restarted when it ends by itself; killed when it does not stop in time."""

    name: str
    command: tuple[str, ...]
    directory: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    user: str | None = None
    priority: int = 100
    stop_signal: str = "TERM"
    stop_seconds: int = 20

    def section(self, log: Path) -> str:
        """Returns its section for the supervisor. Raises EmbeddedError for a value that cannot be written."""
        pairs = ",".join(f'{key}="{_safe(key, value)}"' for key, value in sorted(self.environment.items()))
        return _TEMPLATE.format(
            name=self.name,
            command=" ".join(f'"{_safe("command", word)}"' for word in self.command),
            directory=self.directory,
            environment=pairs,
            user=f"user={self.user}\n" if self.user else "",
            priority=self.priority,
            stop_signal=self.stop_signal,
            stop_seconds=self.stop_seconds,
            log=log,
        )


def _safe(key: str, value: str) -> str:
    if any(sign in value for sign in ('"', "\n", "\\", " ;", " #")) or value != value.strip("'"):
        raise EmbeddedError(f"{key} holds a quote, newline, backslash or comment sign: not possible here")
    return value.replace("%", "%%")
