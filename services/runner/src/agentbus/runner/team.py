"""The team protocol: all that agents must be to run on agentbus.

A team is one async function over a `PlanContext`. It may be run again from the start after a crash: what it
already said, asked or did comes from the log then, and is neither said, asked nor done twice. So a team must
take the same steps in the same order per agent when it gets the same answers (keep clocks, random numbers and
model calls inside `act`).
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any, Protocol

from agentbus.contracts.payloads import Cut, Step
from agentbus.contracts.payloads import Team as TeamCard


@dataclass(frozen=True)
class Outcome:
    """What an action's work gives when it has more to tell than its value."""

    value: Any
    cut: Cut | None = None
    usage: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class Report:
    """What a plan came to: `content` is for people (Markdown), `summary` one line of it."""

    content: str
    summary: str


Work = Callable[[], Awaitable[Any]]
"""The work of an action: gives a JSON value, or an `Outcome`."""


class Stream(Protocol):
    """A text that is seen while it is written."""

    async def write(self, text: str) -> None:
        """Shows `text` to live watchers. It is not stored; the whole text is, when the stream ends well."""
        ...


class PlanContext(Protocol):
    """A plan, as its team sees it."""

    @property
    def plan_id(self) -> str:
        """The plan's id."""
        ...

    @property
    def goal(self) -> str:
        """What the user asked for."""
        ...

    @property
    def inputs(self) -> Mapping[str, Any]:
        """What came with the goal, for example `dir`."""
        ...

    async def propose(self, steps: Sequence[Step], **context: Any) -> str:
        """Publishes the steps; where the user wants to approve, waits for that, for days if need be.

        Returns the user's feedback ("" without one). Raises `PlanRejected` when the user says no.
        """
        ...

    async def say(self, agent: str, content: str, **payload: Any) -> None:
        """Publishes an `agent_message`. Returns when it is durable here; the bus may be down."""
        ...

    async def ask(self, agent: str, question: str) -> str:
        """Asks the user, waits for the answer (durably) and returns it."""
        ...

    async def act(
        self,
        agent: str,
        tool: str,
        arguments: Mapping[str, Any],
        work: Work,
        *,
        step_id: str | None = None,
        timeout_seconds: float | None = None,
    ) -> Any:
        """Does `work` as an action with input, output, duration and error on the log; returns its value.

        An action that ended well before a crash is not done again: its value comes from the log. Actions
        inside `work` become its children. Raises `ActionFailed` when the work raises or takes too long.
        """
        ...

    def stream(self, agent: str) -> AbstractAsyncContextManager[Stream]:
        """Opens a text that watchers see grow; at its end it is published as one `agent_message`."""
        ...

    async def progress(self, current_step: int, total_steps: int, agent: str) -> None:
        """Publishes a `progress_update`."""
        ...


class Team(Protocol):
    """A team of agents."""

    @property
    def card(self) -> TeamCard:
        """How clients see the team."""
        ...

    async def run(self, plan: PlanContext) -> Report:
        """Works on the plan to its end and returns what it came to. Raises when it cannot."""
        ...
