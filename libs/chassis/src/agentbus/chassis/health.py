"""Health: live while the process is worth keeping, ready while it can do some of its work.

Services register checks; `/health/live` and `/health/ready` serve them, `serve` stops on `fail`. A dependency
that is down makes a service not ready, never dead; and not even that when the service has work to do without
it: all its instances share the dependency, and taking all of them out would make one outage two.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Literal

from agentbus.observability.log import get_logger
from agentbus.observability.redaction import redact_text

Status = Literal["ready", "degraded", "not_ready"]
Check = Callable[[], Awaitable[None]]
_log = get_logger(__name__)


@dataclass(frozen=True)
class CheckResult:
    """What one check said; `detail` is empty when all is well. `needed`: without it nothing goes."""

    ok: bool
    detail: str = ""
    needed: bool = True


@dataclass(frozen=True)
class _Registered:
    check: Check
    needed: bool


class Health:
    """The checks of one process, and the failure that ends it."""

    def __init__(self) -> None:
        self._checks: dict[str, _Registered] = {}
        self._told_to_stop: list[Callable[[], None]] = []
        self._failed = asyncio.Event()
        self.failure: BaseException | None = None

    def check(self, name: str, check: Check, *, needed: bool = True) -> None:
        """Makes readiness depend on `check`: it raises while the thing that it asks is not usable.

        One that is not `needed` is told, and leaves the service ready for what it can do without.
        """
        self._checks[name] = _Registered(check, needed)

    def on_stop(self, tell: Callable[[], None]) -> None:
        """Calls `tell` when the process begins to stop: long waits are to be answered now."""
        self._told_to_stop.append(tell)

    def stop(self) -> None:
        """Says that the process begins to stop. Called by `serve`, before it waits for running requests."""
        for tell in self._told_to_stop:
            tell()

    def fail(self, failure: BaseException) -> None:
        """Says that the process cannot go on: it stops being live, `serve` stops it. The first call holds."""
        if self.failure is None:
            self.failure = failure
            self._failed.set()

    async def failed(self) -> BaseException:
        """Waits until `fail` is called; returns the failure."""
        await self._failed.wait()
        assert self.failure is not None
        return self.failure

    async def ready(self, limit_seconds: float) -> dict[str, CheckResult]:
        """Runs all checks at once, each for at most `limit_seconds`; never raises."""
        results = await asyncio.gather(
            *(_run(name, registered, limit_seconds) for name, registered in self._checks.items())
        )
        return dict(zip(self._checks, results, strict=True))


def overall(results: Iterable[CheckResult]) -> Status:
    """Returns what the checks come to."""
    failed = [result for result in results if not result.ok]
    if any(result.needed for result in failed):
        return "not_ready"
    return "degraded" if failed else "ready"


async def _run(name: str, registered: _Registered, limit_seconds: float) -> CheckResult:
    needed = registered.needed
    try:
        async with asyncio.timeout(limit_seconds):
            await registered.check()
    except TimeoutError:
        return CheckResult(ok=False, detail=f"no answer within {limit_seconds:g} s", needed=needed)
    except Exception as error:  # noqa: BLE001  whatever it is, it means that the thing is not usable
        _log.debug("not ready", check=name, exc_info=error)
        detail = redact_text(str(error) or type(error).__name__)[:500]
        return CheckResult(ok=False, detail=detail, needed=needed)
    return CheckResult(ok=True, needed=needed)
