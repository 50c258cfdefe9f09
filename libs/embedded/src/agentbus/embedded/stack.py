"""The embedded stack: real Kafka, PostgreSQL, FerretDB, our services and the edge, on this machine.

Called by the `agentbus` command and by the tests. Guarantees: data and ports are kept over `down` and `up`; a
second stack beside it shares nothing; whatever was killed however, `up` recovers; leaving `async with` (or
`down`) leaves no process behind, and an owned stack ends even when its owner is killed.
"""

import asyncio
import shutil
import time
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Self

from agentbus.embedded import ferretdb, kafka, ports, postgres, readiness, services
from agentbus.embedded.addresses import Addresses
from agentbus.embedded.cache import exclusive
from agentbus.embedded.errors import EmbeddedError
from agentbus.embedded.fetch import Binaries, fetch
from agentbus.embedded.layout import Layout, default_name, state_root
from agentbus.embedded.orphans import MARK, end_orphans
from agentbus.embedded.parts import ALL, INFRA, PartStatus, expand, kind_of, phases, port_names
from agentbus.embedded.program import Program
from agentbus.embedded.progress import Report, silent
from agentbus.embedded.readiness import Probe
from agentbus.embedded.supervision import ProgramState


class Stack(Addresses):
    """One stack, by name. Programs are named as in `parts.ALL`; `runner-2` is a further instance."""

    def __init__(
        self,
        name: str | None = None,
        *,
        home: Path | None = None,
        parts: Iterable[str] = ALL,
        brokers: int = 0,
        secure: bool = False,
        port: int = 0,
        namespace: str = "",
        environment: Mapping[str, str] | None = None,
        owned: bool = True,
        report: Report = silent,
    ) -> None:
        """`parts`: names or groups (all, infra, services). `port`: the edge's; 0 = as before, or free.

        `brokers`: how many Kafka nodes, 1 to 9; 0 = as before, or one. Data of another number are refused.

        `secure`: TLS, certificates and passwords everywhere behind the edge (`safeguards`); once, for good.

        `environment`: settings for every service. `owned`: all of it ends with this process; else it stays.
        """
        super().__init__(Layout((home or state_root() / (name or default_name())).resolve()), namespace)
        self.parts = kafka.with_nodes(expand(parts), self._ports, brokers)
        self._secure = secure
        self._edge_port = port
        self._environment = dict(environment or {})
        self._overrides: dict[str, dict[str, str]] = {}
        self._owned = owned
        self._report = report
        self._binaries: Binaries | None = None

    async def __aenter__(self) -> Self:
        """Brings the stack up."""
        await self.up()
        return self

    async def __aexit__(self, *_: object) -> None:
        """Takes the stack down."""
        await self.down()

    def settings(self, service: str) -> dict[str, str]:
        """Returns the environment that the program `service` is given."""
        overrides = {**self._environment, **self._overrides.get(service, {})}
        return services.environment(self.layout, service, self._ports, self.namespace, overrides)

    async def up(self) -> bool:
        """Starts everything and waits until it is ready; False when it ran already.

        Raises FetchFailed, PortTaken, NotReady; then, as when it is cancelled, nothing is left running.
        """
        self.layout.create()
        async with self._alone():
            if await self._supervisor.running():
                self._ports = self.layout.ports()
                return False
            await asyncio.to_thread(end_orphans, self.layout)
            try:
                await self._start_all()
            except BaseException:
                await asyncio.shield(self._stop_all())
                raise
        return True

    async def down(self) -> bool:
        """Stops everything, the edge first and Kafka last; False when nothing ran. Data stays."""
        if not self.layout.home.exists():
            return False
        async with self._alone():
            return await self._stop_all()

    async def status(self) -> list[PartStatus]:
        """Returns a row for each program. Raises NotRunning when the stack is down."""
        self._ports = self.layout.ports()
        states = await self._supervisor.states()
        return list(await asyncio.gather(*(self._row(states[name]) for name in expand(states))))

    async def start(self, name: str, environment: Mapping[str, str] | None = None) -> None:
        """Starts a stopped program, or a further instance (`runner-2`), and waits until it is ready.

        `environment` replaces what an earlier start of this program was given beyond the stack's own.
        """
        if environment is not None or name not in await self._supervisor.states():
            self.parts = expand([*self.parts, name])
            self._overrides[name] = dict(environment or {})
            self._take_ports(port for port in port_names(name) if port not in self._ports)
            self._supervisor.configure(self._programs())
            await self._supervisor.replace(name)
        await self._supervisor.start(name)
        await self.ready(name)

    async def ready(self, name: str, within_seconds: float = 180) -> None:
        """Waits until the program does its work. Raises NotReady with the end of its log."""
        probe = self._probe(name)
        await readiness.await_ready(self._supervisor, self.layout, name, probe, within_seconds)

    @asynccontextmanager
    async def _alone(self) -> AsyncIterator[None]:
        lock = exclusive(self.layout.lock)
        await asyncio.to_thread(lock.__enter__)
        try:
            yield
        finally:
            lock.__exit__(None, None, None)

    async def _start_all(self) -> None:
        self._make_secure()
        self._choose_ports()
        if set(self.parts) & set(INFRA):
            self._binaries = await asyncio.to_thread(fetch, self._report)
        await self._prepare()
        self._supervisor.configure(self._programs())
        await self._supervisor.launch({MARK: str(self.layout.home)}, owned=self._owned)
        for phase in phases(self.parts):
            await asyncio.gather(*(self._start_reported(name) for name in phase))

    async def _start_reported(self, name: str) -> None:
        began = time.monotonic()
        self._report(name, "starting")
        await self._supervisor.start(name)
        await self.ready(name)
        self._report(name, f"ready in {time.monotonic() - began:.1f} s", done=True)

    async def _stop_all(self) -> bool:
        if not await self._supervisor.running():
            return await asyncio.to_thread(end_orphans, self.layout)
        states = await self._supervisor.states()
        for phase in reversed(phases(states)):
            await asyncio.gather(*(self.stop(name) for name in phase if states[name].alive))
        await self._supervisor.shutdown()
        shutil.rmtree(self.layout.sockets, ignore_errors=True)
        return True

    def _make_secure(self) -> None:
        if not self._secure or self.layout.safeguards.made:
            return
        if self.layout.ports():
            raise EmbeddedError(
                "this stack was made without safeguards: choose another name for a secure one"
            )
        self.layout.safeguards.make(self.layout.secret())

    def _choose_ports(self) -> None:
        self._ports = {name: port for name, port in self.layout.ports().items() if ports.is_free(port)}
        if self._edge_port and "edge" in self.parts:
            ports.require(self._edge_port)
            self._ports["edge"] = self._edge_port
        wanted = (port for part in self.parts for port in port_names(part))
        self._take_ports(port for port in wanted if port not in self._ports)

    def _take_ports(self, names: Iterable[str]) -> None:
        for name in names:
            self._ports[name] = ports.choose(set(self._ports.values()))
        self.layout.keep_ports(self._ports)

    async def _prepare(self) -> None:
        work = []
        if self._binaries:
            jars = self._binaries.kafka_jars
            brokers = kafka.nodes(self.parts)
            work += [
                asyncio.to_thread(kafka.prepare, self.layout, jars, self._ports, name) for name in brokers
            ]
        if "postgres" in self.parts:
            work.append(asyncio.to_thread(postgres.prepare, self.layout))
        await asyncio.gather(*work)

    def _programs(self) -> list[Program]:
        return [self._program(name) for name in self.parts]

    def _program(self, name: str) -> Program:
        if name == "postgres":
            return postgres.program(self.layout)
        if name == "edge":
            return services.edge_program(self.layout, self._ports, self._overrides.get(name, {}))
        if kind_of(name) not in INFRA:
            return services.service_program(self.layout, name, self.settings(name))
        binaries = self._binaries = self._binaries or fetch()
        if kind_of(name) == "kafka":
            return kafka.program(self.layout, binaries.kafka_jars, name)
        return ferretdb.program(self.layout, binaries.ferretdb, self._ports)

    def _probe(self, name: str) -> Probe:
        if name == "postgres":
            return readiness.postgres_probe(self.layout)
        port = self.port(name)
        if kind_of(name) == "kafka":
            security = self.layout.safeguards.bus()
            return readiness.kafka_probe(port, self.namespace, kafka.copies(self._ports), security)
        if name == "ferretdb":
            return readiness.ferretdb_probe(port, self.database_options())
        return readiness.http_probe(port, "/health" if name == "edge" else "/health/ready")

    async def _row(self, state: ProgramState) -> PartStatus:
        name = state.name
        probe = readiness.port_probe(self.port(name)) if kind_of(name) == "kafka" else self._probe(name)
        ready = state.alive and await readiness.is_ready(probe)
        return PartStatus(name, state.state, state.pid, self._ports.get(name), state.uptime_seconds, ready)
