"""FerretDB, built from the module in `infra/ferretdb`, with `reads.patch` (decision 0044)."""

from pathlib import Path
from typing import Final

from agentbus.embedded.go_build import build
from agentbus.embedded.go_patch import Patch
from agentbus.embedded.progress import Report
from agentbus.embedded.repository import INFRA

MODULE: Final = INFRA / "ferretdb"
PATCH: Final = Patch("github.com/FerretDB/FerretDB", MODULE / "reads.patch")


def build_ferretdb(report: Report) -> Path:
    """Returns the `ferretdb` executable, building it when it is not in the cache. Raises FetchFailed."""
    # Its SQLite backend is half of the build, and unused here.
    return build("ferretdb", MODULE, report, flags=["-tags=ferretdb_no_sqlite"], patch=PATCH)
