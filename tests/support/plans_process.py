"""The plan service as a process of its own, on a world's bus and database, as the stacks run it."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
from support.eventually import eventually
from support.plans_world import PlansWorld

from agentbus.embedded.ports import choose


def _environment(plans: PlansWorld, port: int, changes: dict[str, str]) -> dict[str, str]:
    settings = plans.settings
    assert settings.auth_secret is not None
    given = {
        "KAFKA_BOOTSTRAP": settings.kafka_bootstrap,
        "MONGO_URL": settings.mongo_url,
        "MONGO_DATABASE": settings.mongo_database,
        "NAMESPACE": settings.namespace,
        "AUTH": settings.auth,
        "AUTH_SECRET": settings.auth_secret.get_secret_value(),
        "PORT": str(port),
        "STORED_WAIT_SECONDS": "0.2",
        "WAIT_LIMIT_SECONDS": "1",
        **changes,
    }
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("AGENTBUS_")}
    return inherited | {f"AGENTBUS_{name}": value for name, value in given.items()}


@asynccontextmanager
async def plans_process(plans: PlansWorld, log: Path, **changes: str) -> AsyncIterator[str]:
    """Runs the service until the block ends; gives its URL once it is ready."""
    port = choose(set())
    url = f"http://127.0.0.1:{port}"
    with log.open("wb") as output:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "agentbus.plans",
            stdout=output,
            stderr=output,
            env=_environment(plans, port, changes),
        )

    async def ready() -> None:
        assert process.returncode is None, log.read_text()
        try:
            async with httpx.AsyncClient() as client:
                answer = await client.get(f"{url}/health/ready")
        except httpx.TransportError as error:
            raise AssertionError(str(error)) from error
        assert answer.status_code == 200, answer.text

    try:
        await eventually(ready, within=30)
        yield url
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()
