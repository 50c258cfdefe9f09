"""Where a stack keeps its things, and which ports it was given. Two stacks share nothing but the cache.

The data folder must be reachable by PostgreSQL's system user when the stack is started by root, and a Unix
socket's path may have about 100 characters: sockets live in a short folder of their own.
"""

import base64
import hashlib
import json
import os
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from agentbus.embedded.errors import EmbeddedError
from agentbus.embedded.repository import ROOT
from agentbus.embedded.safeguards import Safeguards
from agentbus.embedded.scraping import scrape_config


def default_name() -> str:
    """Returns the name of this clone's stack."""
    return f"{re.sub('[^a-zA-Z0-9]+', '-', ROOT.name)}-{_digest(str(ROOT))}"


def state_root() -> Path:
    """Returns the folder that holds every stack's data: `$AGENTBUS_STATE_DIR`, or the system's place."""
    if chosen := os.environ.get("AGENTBUS_STATE_DIR"):
        return Path(chosen).expanduser().resolve()
    if os.geteuid() == 0:
        return Path("/var/lib/agentbus")
    return Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local/state") / "agentbus"


@dataclass(frozen=True)
class Layout:
    """The files of the stack whose data folder is `home`."""

    home: Path

    @property
    def state(self) -> Path:
        """The ports, kept over `down` and `up`."""
        return self.home / "stack.json"

    @property
    def configuration(self) -> Path:
        """The supervisor's settings; holds the secret, so only its owner may read it."""
        return self.home / "supervisord.conf"

    @property
    def lock(self) -> Path:
        """Held while the stack starts or stops."""
        return self.home / ".lock"

    @property
    def kafka(self) -> Path:
        """Kafka's log."""
        return self.home / "kafka"

    @property
    def postgres(self) -> Path:
        """PostgreSQL's cluster."""
        return self.home / "postgres"

    @property
    def safeguards(self) -> Safeguards:
        """Certificates and passwords, which a secure stack has."""
        return Safeguards(self.home / "safeguards")

    @property
    def sockets(self) -> Path:
        """The folder of the Unix sockets."""
        runtime = os.environ.get("XDG_RUNTIME_DIR", "")
        short = runtime if 0 < len(runtime) < 40 and Path(runtime).is_dir() and os.geteuid() else "/tmp"  # noqa: S108
        return Path(short) / f"agentbus-{os.geteuid()}-{_digest(str(self.home))}"

    @property
    def supervisor_socket(self) -> Path:
        """Where the supervisor is asked."""
        return self.sockets / "supervisor.sock"

    @property
    def postgres_socket(self) -> Path:
        """The folder of PostgreSQL's socket: its only listener."""
        return self.sockets / "pg"

    def log(self, program: str) -> Path:
        """Returns the log file of `program`."""
        return self.home / "logs" / f"{program}.log"

    def create(self) -> None:
        """Makes the folders. Raises EmbeddedError when somebody else has made the socket folder."""
        mode = 0o711 if os.geteuid() == 0 else 0o700
        self.home.parent.mkdir(parents=True, exist_ok=True)
        for folder in (self.home, self.sockets):
            folder.mkdir(mode=mode, exist_ok=True)
            if folder.is_symlink() or folder.stat().st_uid != os.geteuid():
                raise EmbeddedError(f"{folder} belongs to somebody else: remove it")
            folder.chmod(mode)
        self.log("x").parent.mkdir(mode=0o700, exist_ok=True)

    def secret(self) -> str:
        """Returns the key that signs this stack's access tokens, making it the first time."""
        return self._kept("auth.secret", lambda: secrets.token_urlsafe(48))

    def secret_key(self) -> str:
        """Returns the key that encrypts environments' secrets (Fernet), making it the first time."""
        return self._kept("secrets.key", lambda: base64.urlsafe_b64encode(secrets.token_bytes(32)).decode())

    def _kept(self, name: str, make: Callable[[], str]) -> str:
        path = self.home / name
        try:
            with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
                file.write(make())
        except FileExistsError:
            pass
        return path.read_text()

    def ports(self) -> dict[str, int]:
        """Returns the ports that were kept, by name; none before the first start."""
        try:
            ports: dict[str, int] = json.loads(self.state.read_text())["ports"]
        except FileNotFoundError:
            return {}
        return ports

    def keep_ports(self, ports: dict[str, int]) -> None:
        """Writes the ports for the next start, all or nothing, and for Prometheus."""
        draft = self.state.with_suffix(".new")
        draft.write_text(json.dumps({"name": self.home.name, "ports": ports}, indent=2))
        draft.replace(self.state)
        (self.home / "prometheus.yml").write_text(scrape_config(ports))


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:8]
