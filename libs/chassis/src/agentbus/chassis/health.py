"""Health: live while the process is worth keeping, ready while everything that it needs answers.

Services register checks; `/health/live` and `/health/ready` serve them, `serve` stops on `fail`. A dependency
that is down makes a service not ready, never dead.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from agentbus.observability.log import get_logger
from agentbus.observability.redaction import redact_text

Check = Callable[[], Awaitable[None]]
_log = get_logger(__name__)


@dataclass(frozen=True)
class CheckResult:
    """What one check said; `detail` is empty when all is well."""

    ok: bool
    detail: str = ""


class Health:
    """The checks of one process, and the failure that ends it."""

    def __init__(self) -> None:
        self._checks: dict[str, Check] = {}
        self._failed = asyncio.Event()
        self.failure: BaseException | None = None

    def check(self, name: str, check: Check) -> None:
        """Makes readiness depend on `check`: it raises while the thing that it asks is not usable."""
        self._checks[name] = check

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
            *(_run(name, check, limit_seconds) for name, check in self._checks.items())
        )
        return dict(zip(self._checks, results, strict=True))


async def _run(name: str, check: Check, limit_seconds: float) -> CheckResult:
    try:
        async with asyncio.timeout(limit_seconds):
            await check()
    except TimeoutError:
        return CheckResult(ok=False, detail=f"no answer within {limit_seconds:g} s")
    except Exception as error:  # noqa: BLE001  whatever it is, it means "not ready"
        _log.debug("not ready", check=name, exc_info=error)
        return CheckResult(ok=False, detail=redact_text(str(error) or type(error).__name__)[:500])
    return CheckResult(ok=True)
