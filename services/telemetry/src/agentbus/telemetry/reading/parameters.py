"""What the routes are asked with: a range of time, filters, pages; and who asks. For `routes.py`."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated, Final

from fastapi import Depends, Path, Query, Request
from pydantic import AwareDatetime, StringConstraints

from agentbus.chassis.auth import Principal, Role, Scope, requires
from agentbus.contracts.http.plans import ID_PATTERN, Id
from agentbus.telemetry.reading.errors import BadRange
from agentbus.telemetry.reading.parts import Reading
from agentbus.telemetry.reading.statements import Wanted

LIST_DEFAULT: Final = 50
LIST_LIMIT: Final = 500
TIMELINE_LIMIT: Final = 5000
MAX_SEQ: Final = 2**53

_DEFAULT_LENGTH: Final = timedelta(days=1)
_FIRST, _LAST = datetime(2000, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)

Name = Annotated[str, StringConstraints(max_length=512, pattern=ID_PATTERN)]
From = Annotated[
    AwareDatetime | None,
    Query(alias="from", description="Begin of the range; a day before its end if absent."),
]
To = Annotated[AwareDatetime | None, Query(alias="to", description="End of the range; now if absent.")]
Filter = Annotated[Name | None, Query(description="Only what is of this; empty: of none that is named.")]
Limit = Annotated[int, Query(ge=1, le=LIST_LIMIT)]
Cursor = Annotated[str | None, Query(max_length=512, description="From a `Link` header.")]
PlanId = Annotated[Id, Path(description="The plan.")]
Fingerprint = Annotated[Id, Path(description="The error's.")]


@dataclass(frozen=True)
class Window:
    """A stretch of time as it was asked for, and the moment of the question."""

    starts_at: datetime
    ends_at: datetime
    now: datetime


def reading(request: Request) -> Reading:
    """FastAPI dependency: what the reads work with."""
    return Reading.of(request.app.state.parts)


Built = Annotated[Reading, Depends(reading)]
Viewer = Annotated[Principal, Depends(requires(Role.VIEWER, Scope.PLANS_READ))]
Editor = Annotated[Principal, Depends(requires(Role.EDITOR, Scope.PLANS_WRITE))]


def window(built: Built, starts_at: From = None, ends_at: To = None) -> Window:
    """FastAPI dependency: the range; raises BadRange."""
    now = built.clock.now()
    ends = moment(ends_at) or now
    starts = moment(starts_at) or ends - _DEFAULT_LENGTH
    if starts >= ends:
        raise BadRange("from must be before to")
    return Window(starts, ends, now)


def wanted(
    team: Filter = None,
    agent: Filter = None,
    agent_type: Filter = None,
    tool: Filter = None,
    model: Filter = None,
) -> Wanted:
    """FastAPI dependency: which actions."""
    return Wanted(team, agent, agent_type, tool, model)


def moment(at: datetime | None) -> datetime | None:
    """Returns the moment in UTC; raises BadRange for one in which nothing can have happened."""
    if at is not None and not _FIRST <= at <= _LAST:
        raise BadRange("a moment of this century is needed")
    return at and at.astimezone(UTC)


Within = Annotated[Window, Depends(window)]
Which = Annotated[Wanted, Depends(wanted)]
