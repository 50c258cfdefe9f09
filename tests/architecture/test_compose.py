"""docker-compose.yml runs every service, and every part hardened; it publishes nothing but the edge, on
loopback, and holds no secret: those are files."""

import copy
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest
import yaml

from agentbus.contracts.topics import topics

ROOT = Path(__file__).parents[2]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
NOT_A_SERVER = {"cli"}
SECRET = re.compile("SECRET|PASSWORD|TOKEN|_KEY$")
WITHOUT_SHELL = {"collector", "jaeger"}
RECIPE = "infra/docker/service.Dockerfile"
OTHER_RECIPES = {"edge": "infra/docker/edge.Dockerfile"}
Change = Callable[[dict[str, Any]], object]


def problems(compose: dict[str, Any], services: Iterable[str]) -> list[str]:
    """Returns what is wrong with a compose file that should run `services`."""
    parts: dict[str, Any] = compose["services"]
    missing = [f"{name}: not in the file" for name in sorted(set(services) - set(parts))]
    return missing + [
        f"{name}: {problem}" for name, part in parts.items() for problem in _problems(name, part)
    ]


def _problems(name: str, part: dict[str, Any]) -> Iterable[str]:
    yield from _hardening_problems(part)
    if "build" in part:
        if part["build"]["dockerfile"] != OTHER_RECIPES.get(name, RECIPE):
            yield "has a recipe of its own"
    elif not re.search(r":v?\d+\.\d+", part["image"]):
        yield "the image's version is not pinned"
    if "restart" not in part:
        yield "no restart policy"
    if "healthcheck" not in part and "build" not in part and name not in WITHOUT_SHELL:
        yield "no health check"
    for port in part.get("ports", []):
        if name != "edge":
            yield "publishes a port"
        elif not str(port).startswith("${AGENTBUS_EDGE_BIND:-127.0.0.1}:"):
            yield "is not on loopback by default"
    for key, value in part.get("environment", {}).items():
        if SECRET.search(key) and not key.endswith("_FILE") and value != "true":
            yield f"{key} stands in the environment ({value!r:.20}): make it a secret"
    yield from _mount_problems(part)


def _hardening_problems(part: dict[str, Any]) -> Iterable[str]:
    if not part.get("read_only"):
        yield "its file system can be written"
    if part.get("cap_drop") != ["ALL"]:
        yield "keeps capabilities"
    if "no-new-privileges:true" not in part.get("security_opt", []):
        yield "may gain privileges"
    if part.get("build", {}).get("dockerfile") != RECIPE and re.match(
        "^(root|0)?(:|$)", str(part.get("user", ""))
    ):
        yield "runs as root"
    for limit in ("pids_limit", "mem_limit", "cpus"):
        if not part.get(limit):
            yield f"has no {limit}"
    for folder in part.get("tmpfs", []):
        if "size=" not in folder:
            yield f"{folder} may fill the memory"


def _mount_problems(part: dict[str, Any]) -> Iterable[str]:
    for mount in part.get("volumes", []):
        if mount.startswith((".", "/", "$")) and not mount.endswith(":ro"):
            yield f"may write to {mount}"


def servers() -> set[str]:
    return {path.parent.name for path in ROOT.glob("services/*/pyproject.toml")} - NOT_A_SERVER


def test_the_file_keeps_the_rules() -> None:
    assert problems(COMPOSE, servers()) == []


def test_services_start_after_their_topics() -> None:
    for name in servers():
        assert COMPOSE["services"][name]["depends_on"]["topics"] == {
            "condition": "service_completed_successfully"
        }
    assert COMPOSE["services"]["topics"]["command"] == ["python", "-m", "agentbus.bus"]


def test_the_broker_takes_the_largest_message_and_makes_no_topics() -> None:
    broker = COMPOSE["services"]["kafka"]["environment"]
    largest = max(int(topic.config.get("max.message.bytes", 0)) for topic in topics().values())
    assert int(broker["KAFKA_MESSAGE_MAX_BYTES"]) >= largest
    assert broker["KAFKA_AUTO_CREATE_TOPICS_ENABLE"] == "false"


def test_the_recipe_drops_root_and_keeps_the_lock() -> None:
    recipe = (ROOT / RECIPE).read_text()
    assert re.search(r"^USER agentbus$", recipe, re.MULTILINE)
    assert "uv sync --frozen --no-dev" in recipe


def test_the_edge_has_the_web_app_where_it_serves_it() -> None:
    recipe = (ROOT / OTHER_RECIPES["edge"]).read_text()
    assert "npm ci" in recipe
    assert re.search(r"^COPY --from=build \S+/services/web/dist /srv/web$", recipe, re.MULTILINE)
    assert "{$AGENTBUS_WEB_ROOT:/srv/web}" in (ROOT / "infra/edge/Caddyfile").read_text()
    copied = re.findall(r"^COPY ([\w/]+) ", recipe, re.MULTILINE)
    let_in = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    assert all(any(folder.startswith(each) for each in let_in) for folder in copied)


@pytest.mark.parametrize(
    "path", sorted((ROOT / "infra/docker").glob("*.Dockerfile")), ids=lambda path: path.name
)
def test_images_of_others_are_pinned(path: Path) -> None:
    images = re.findall(r"^ARG \w+_IMAGE=(\S+)$", path.read_text(), re.MULTILINE)
    assert images
    assert all(re.search(r":v?\d+\.\d+", image) for image in images)


def test_only_those_who_check_tokens_get_the_secret() -> None:
    holders = {
        secret: {name for name, part in COMPOSE["services"].items() if secret in part.get("secrets", [])}
        for secret in COMPOSE["secrets"]
    }
    assert holders == {
        "agentbus_auth_secret": {"gateway", "plans", "workspace", "telemetry"},
        "agentbus_secret_keys": {"workspace"},
        "agentbus_postgres_password": {"workspace", "telemetry", "postgres"},
    }
    for name, secret in COMPOSE["secrets"].items():
        assert secret["file"].endswith(f"/{name}"), "the name that the settings look for"


def test_taps_are_on_loopback() -> None:
    taps = yaml.safe_load((ROOT / "infra/compose/taps.yml").read_text())
    ports = [port for part in taps["services"].values() for port in part["ports"]]
    assert all(port.startswith("127.0.0.1:") for port in ports)


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (lambda parts: parts.pop("persister"), "persister: not in the file"),
        (lambda parts: parts["mongo"].update(ports=["27017:27017"]), "mongo: publishes a port"),
        (lambda parts: parts["edge"].update(ports=["8000:8000"]), "edge: is not on loopback by default"),
        (
            lambda parts: parts["mongo"].update(image="mongo:latest"),
            "version is not pinned",
        ),
        (lambda parts: parts["kafka"].pop("healthcheck"), "kafka: no health check"),
        (lambda parts: parts["kafka"].pop("restart"), "kafka: no restart policy"),
        (lambda parts: parts["kafka"].update(user="0:0"), "kafka: runs as root"),
        (lambda parts: parts["mongo"].pop("user"), "mongo: runs as root"),
        (lambda parts: parts["edge"].pop("user"), "edge: runs as root"),
        (
            lambda parts: parts["plans"]["build"].update(dockerfile="Dockerfile"),
            "plans: has a recipe of its own",
        ),
        (lambda parts: parts["mongo"].pop("read_only"), "mongo: its file system can be written"),
        (lambda parts: parts["runner"].pop("pids_limit"), "runner: has no pids_limit"),
        (lambda parts: parts["kafka"].pop("mem_limit"), "kafka: has no mem_limit"),
        (lambda parts: parts["plans"].update(tmpfs=["/tmp"]), "plans: /tmp may fill the memory"),
        (lambda parts: parts["plans"].update(read_only=False), "plans: its file system can be written"),
        (lambda parts: parts["plans"].update(cap_drop=[]), "plans: keeps capabilities"),
        (lambda parts: parts["plans"].pop("security_opt"), "plans: may gain privileges"),
        (
            lambda parts: parts["plans"]["environment"].update(AGENTBUS_AUTH_SECRET="${SECRET:?is missing}"),
            "plans: AGENTBUS_AUTH_SECRET stands in the environment",
        ),
        (lambda parts: parts["runner"]["volumes"].append(".:/srv/x"), "runner: may write to .:/srv/x"),
    ],
)
def test_a_bad_file_is_named(change: Change, problem: str) -> None:
    bad = copy.deepcopy(COMPOSE)
    change(bad["services"])
    assert any(problem in found for found in problems(bad, servers()))
