"""Schemathesis against a running service: generated requests to every route, good and bad.

Called by the tests of services with an OpenAPI document.
"""

import asyncio
import json
import os
import sys
from pathlib import Path
from typing import Final

import jwt

CASES_A_ROUTE: Final = {"quick": 3, "full": 100}
"""By `--faults`: how many are generated beside those that the schema's own bounds ask for."""

HOOKS: Final = Path(__file__).with_name("known_things.py")
RATES_OFF: Final = {f"HTTP_RATE_{name}": "off" for name in ("PRINCIPAL", "ADDRESS", "FAILURES")}


async def run_schemathesis(
    url: str, token: str, known: dict[str, list[str]], folder: Path, *, cases_a_route: int
) -> tuple[int, str]:
    """Returns the exit code and what Schemathesis printed; the same seed, so the same requests each time."""
    claims = jwt.decode(token, options={"verify_signature": False})
    own = [claims["sub"], claims["jti"]]
    arguments = [
        "--checks",
        "all",
        "--phases",
        "coverage,fuzzing",
        "--max-examples",
        str(cases_a_route),
        "--seed",
        "4",
        "--no-color",
    ]
    database = ["--generation-database", "none"]
    process = await asyncio.create_subprocess_exec(
        str(Path(sys.executable).parent / "st"),
        *("run", f"{url}/openapi.json", "--header", f"Authorization: Bearer {token}"),
        *arguments,
        *database,
        cwd=folder,
        env={
            **os.environ,
            "SCHEMATHESIS_HOOKS": str(HOOKS),
            "AGENTBUS_KNOWN": json.dumps(known),
            "AGENTBUS_OWN": json.dumps(own),
        },
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await process.communicate()
    return process.returncode or 0, output.decode()
