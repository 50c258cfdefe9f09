"""A socket that leaves at random, politely or not, and comes back with `after_seq`."""

import asyncio
import json
import random
from typing import Any

from support.system import System
from websockets import ClientConnection
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidMessage
from websockets.frames import Close

from agentbus.contracts.frames import RECONNECT_CODES

ENDS = frozenset({"plan_completed", "plan_failed", "plan_canceled", "plan_rejected"})
STAY_SECONDS = (0.5, 4.0)
RETRY_SECONDS = 0.2


class Watcher:
    """Sees a plan to its end; keeps what it got, and counts what came again."""

    def __init__(self, system: System, plan_id: str, chances: random.Random) -> None:
        self.plan_id = plan_id
        self.seen: list[dict[str, Any]] = []
        self.repeated = 0
        self.connections = 0
        self.problems: list[str] = []
        self._system = system
        self._chances = chances

    @property
    def done(self) -> bool:
        """Whether it saw the end of the plan."""
        return bool(self.seen) and self.seen[-1]["type"] in ENDS

    @property
    def state(self) -> str:
        """What became of it so far, for people."""
        return f"{self.plan_id} up to {self.last_seq} in {self.connections} connections {self.problems}"

    @property
    def last_seq(self) -> int:
        """The newest `seq` that it got."""
        return self.seen[-1]["seq"] if self.seen else 0

    async def follow(self) -> None:
        """Connects again and again until the plan's end was seen, or it was told to stay away."""
        while not self.done and not self.problems:
            try:
                async with self._system.socket(self.plan_id, after_seq=self.last_seq) as connection:
                    self.connections += 1
                    await self._stay(connection)
            except ConnectionClosed as closed:
                if closed.rcvd is not None:
                    self._judge(closed.rcvd)
            except (InvalidHandshake, InvalidMessage, OSError, EOFError, TimeoutError):
                await asyncio.sleep(RETRY_SECONDS)

    async def _stay(self, connection: ClientConnection) -> None:
        try:
            async with asyncio.timeout(self._chances.uniform(*STAY_SECONDS)):
                while not self.done:
                    self._take(json.loads(await connection.recv()))
        except TimeoutError:
            if self._chances.random() < 0.5:
                connection.transport.abort()

    def _take(self, frame: dict[str, Any]) -> None:
        message = frame["data"]
        if "seq" not in message:
            return
        if message["seq"] <= self.last_seq:
            self.repeated += 1
            return
        self.seen.append(message)

    def _judge(self, close: Close) -> None:
        if close.code not in RECONNECT_CODES and not self.done:
            self.problems.append(f"a socket was closed for good with {close.code} ({close.reason})")
