"""The names of the stack's programs, and the order in which they start."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from agentbus.embedded.errors import EmbeddedError

INFRA: Final = ("kafka", "postgres", "ferretdb")
SERVICES: Final = ("runner", "persister", "gateway", "plans", "workspace", "telemetry")
ALL: Final = (*INFRA, *SERVICES, "edge")
GROUPS: Final = {"all": ALL, "infra": INFRA, "services": SERVICES}
_PHASES: Final = {"kafka": 0, "postgres": 0, "ferretdb": 1, "edge": 3}
_SERVICE_PHASE: Final = 2
_PORTLESS: Final = {"postgres"}
_EXTRA_PORTS: Final = {"kafka": "{}-controller", "gateway": "{}-socket"}
_MANY: Final = {"kafka", *SERVICES}


def kind_of(name: str) -> str:
    """Returns what the program is an instance of: `runner-2` is a `runner`. Raises EmbeddedError."""
    kind = name.partition("-")[0]
    if kind not in ALL or (kind != name and kind not in _MANY):
        raise EmbeddedError(f"there is no part {name}: choose from {', '.join((*GROUPS, *ALL))}")
    return kind


def expand(names: Iterable[str]) -> tuple[str, ...]:
    """Returns the programs that the names and groups stand for, each once, in starting order."""
    programs = {program for name in names for program in GROUPS.get(name, (name,))}
    return tuple(
        sorted(programs, key=lambda program: (_phase(program), ALL.index(kind_of(program)), program))
    )


def phases(programs: Iterable[str]) -> list[list[str]]:
    """Returns the programs in groups: each group may start when the one before it is ready."""
    groups: dict[int, list[str]] = {}
    for program in programs:
        groups.setdefault(_phase(program), []).append(program)
    return [groups[phase] for phase in sorted(groups)]


def port_names(program: str) -> tuple[str, ...]:
    """Returns the names of the ports that the program listens on."""
    extra = _EXTRA_PORTS.get(kind_of(program))
    own = () if program in _PORTLESS else (program,)
    return (*own, extra.format(program)) if extra else own


def _phase(program: str) -> int:
    return _PHASES.get(kind_of(program), _SERVICE_PHASE)


@dataclass(frozen=True)
class PartStatus:
    """A row of `agentbus status`. `state` is the supervisor's word: RUNNING, BACKOFF, STOPPED, FATAL, …"""

    name: str
    state: str
    pid: int | None
    port: int | None
    uptime_seconds: int
    ready: bool
