"""Where this clone is: settings of the third-party parts are read from its `infra` folder."""

from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[5]
INFRA: Final = ROOT / "infra"
