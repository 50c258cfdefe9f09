"""The campaign: a system, a load, and one fault after the other; each leaves a row for the table."""

from dataclasses import dataclass, field

from support.campaign.comparison import Finding
from support.campaign.fault import Fault, Outcome
from support.campaign.load import Load, under_load
from support.campaign.log_check import check, marks
from support.campaign.recovery import all_well, recovered
from support.eventually import eventually
from support.system import System

AFTERWARDS_SECONDS = 8
"""The load outlasts the fault by so much at least, so that recovery is measured under load."""
WELL_SECONDS = 60


@dataclass
class Campaign:
    """Lets a system live through faults under load. `scale` shortens outages; 1: none."""

    system: System
    load: Load
    scale: float = 1.0
    outcomes: list[Outcome] = field(default_factory=list)

    def seconds(self, full: float) -> float:
        """Returns how long an outage lasts here that lasts `full` in the full campaign."""
        return full * self.scale

    async def survive(self, fault: Fault, *, load: Load | None = None) -> Outcome:
        """Inflicts the fault under load; raises AssertionError unless nothing was lost or doubled."""
        lasting = load or self.load
        lasting = lasting.lasting(max(lasting.seconds, fault.seconds + AFTERWARDS_SECONDS))
        recovery, finding, inflicted = None, Finding(), False
        try:
            await eventually(lambda: all_well(self.system), within=WELL_SECONDS)
            since = await marks(self.system)
            async with under_load(self.system, lasting) as run:
                await run.flowing()
                inflicted = True
                await fault.inflict(self.system)
                recovery = await recovered(self.system)
                await run.over()
            finding = await check(self.system, since, run)
            if fault.dead_letters not in (None, finding.dead_letters):
                finding.problems.append(f"{finding.dead_letters} dead letters, not {fault.dead_letters}")
            await eventually(lambda: all_well(self.system), within=WELL_SECONDS)
        except AssertionError as error:
            finding.problems.append(str(error))
            raise
        finally:
            outcome = _outcome(fault, lasting, finding, recovery)
            self.outcomes.append(outcome)
            if inflicted:
                await fault.clear(self.system)
        assert outcome.survived, "\n".join(outcome.problems)
        return outcome


def _outcome(fault: Fault, load: Load, finding: Finding, recovery: float | None) -> Outcome:
    return Outcome(
        fault=fault.name,
        what=fault.what,
        load=str(load),
        messages=finding.messages,
        lost=finding.lost,
        doubled=finding.doubled,
        recovery_seconds=recovery,
        problems=tuple(finding.problems),
    )
