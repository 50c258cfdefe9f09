"""Faults of single processes."""

from support.campaign.fault import Fault
from support.system import System


class Killed(Fault):
    """`kill -9`; the supervisor starts the process again."""

    def __init__(self, part: str) -> None:
        self.part = part
        self.name = f"{part}: kill -9"
        self.what = f"{part} is killed (SIGKILL) and started again by its supervisor"

    async def inflict(self, system: System) -> None:
        await system.stack.kill(self.part)
