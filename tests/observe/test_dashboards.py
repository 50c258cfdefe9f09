"""Every query of every panel gives figures of a system that works (H3)."""

import json
from collections.abc import Iterator

import pytest
from support.eventually import eventually
from support.observed import Observed

from agentbus.embedded.repository import INFRA

DASHBOARDS = INFRA / "observability" / "grafana" / "dashboards"


def queries() -> Iterator[tuple[str, str]]:
    """Yields each query with where it stands."""
    for path in sorted(DASHBOARDS.glob("*.json")):
        for panel in json.loads(path.read_text())["panels"]:
            for target in panel["targets"]:
                yield f"{path.stem}: {panel['title']}: {target['refId']}", target["expr"]


@pytest.mark.parametrize(("place", "query"), list(queries()), ids=[place for place, _ in queries()])
async def test_a_panel_shows_figures(observed: Observed, place: str, query: str) -> None:
    async def shows() -> None:
        assert await observed.prometheus.figures(query.replace("$__rate_interval", "30s")), place

    await eventually(shows, within=90)
