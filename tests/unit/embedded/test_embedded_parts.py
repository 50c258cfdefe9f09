"""Names, order, ports and the supervisor's sections, without starting anything."""

import configparser
import os
import socket
from pathlib import Path

import pytest

from agentbus.embedded import kafka, ports
from agentbus.embedded.errors import EmbeddedError, PortTaken
from agentbus.embedded.layout import Layout
from agentbus.embedded.parts import expand, phases, port_names
from agentbus.embedded.program import Program


def test_groups_and_instances_start_in_order() -> None:
    assert phases(expand(["edge", "runner-2", "infra", "runner"])) == [
        ["kafka", "postgres"],
        ["ferretdb"],
        ["runner", "runner-2"],
        ["edge"],
    ]


@pytest.mark.parametrize("name", ["brunner", "postgres-2", ""])
def test_unknown_parts_are_refused_with_the_choices(name: str) -> None:
    with pytest.raises(EmbeddedError, match="choose from all, infra, services, kafka"):
        expand([name])


def test_every_listener_has_a_port() -> None:
    assert port_names("kafka") == ("kafka", "kafka-controller")
    assert port_names("kafka-2") == ("kafka-2", "kafka-2-controller")
    assert port_names("gateway-2") == ("gateway-2", "gateway-2-socket")
    assert port_names("postgres") == ()


def test_a_cluster_keeps_its_number_of_brokers() -> None:
    three = ("kafka", "kafka-2", "kafka-3")
    assert kafka.with_nodes(("kafka",), {}, 3) == three
    kept = {"kafka": 1, "kafka-controller": 2, "kafka-2": 3, "kafka-3": 4}
    assert kafka.with_nodes(("kafka",), kept, 0) == three
    assert kafka.bootstrap(kept) == "127.0.0.1:1,127.0.0.1:3,127.0.0.1:4"
    with pytest.raises(EmbeddedError, match="on 3 Kafka brokers"):
        kafka.with_nodes(("kafka",), kept, 1)


def test_a_taken_port_names_its_holder() -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = holder.getsockname()[1]
        with pytest.raises(
            PortTaken, match=rf"port {port} is in use by .* \(process {os.getpid()}\).*--port"
        ):
            ports.require(port)


def test_a_section_is_read_back_as_it_was_meant() -> None:
    program = Program(
        "runner", ("a b", "-m", "x"), Path("/"), {"URL": "mongodb://h:1/?a=1&b=%20", "N": "t1."}
    )
    parser = configparser.RawConfigParser(inline_comment_prefixes=(";", "#"))
    parser.read_string(program.section(Path("/log")))
    section = parser["program:runner"]
    assert section["command"] == '"a b" "-m" "x"'
    assert section["environment"] == 'N="t1.",URL="mongodb://h:1/?a=1&b=%%20"'


@pytest.mark.parametrize("value", ['say "x"', "two\nlines", "a ;comment", "a #comment", "it'"])
def test_what_the_settings_file_cannot_hold_is_refused(value: str) -> None:
    with pytest.raises(EmbeddedError, match="KEY holds"):
        Program("runner", ("x",), Path("/"), {"KEY": value}).section(Path("/log"))


def test_the_secret_is_made_once_and_for_its_owner_alone(tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    secret = layout.secret()
    assert len(secret) >= 32
    assert layout.secret() == secret
    assert (tmp_path / "auth.secret").stat().st_mode & 0o777 == 0o600


def test_sockets_have_short_paths(tmp_path: Path) -> None:
    deep = Layout(tmp_path / ("x" * 200))
    assert len(str(deep.postgres_socket / ".s.PGSQL.5432")) < 100
    assert deep.sockets != Layout(tmp_path).sockets
