"""`python -m agentbus.workspace.rotation`: encrypts every secret with the first of AGENTBUS_SECRET_KEYS.

Run by an operator after putting a new key before the old one and restarting the service; then the old key may
go (infra/rotate-credentials.md).
"""

import asyncio
import sys

from agentbus.chassis.settings import load
from agentbus.kernel.errors import AgentbusError
from agentbus.postgres.database import Database
from agentbus.workspace.secrets import rotate
from agentbus.workspace.settings import WorkspaceSettings
from agentbus.workspace.vault import Vault


async def rotate_all(settings: WorkspaceSettings) -> int:
    """Returns how many secrets were encrypted anew; raises AgentbusError, and then none was."""
    database = Database(settings)
    await database.start()
    try:
        return await rotate(database, Vault(settings.secret_keys))
    finally:
        await database.stop()


def main() -> int:
    """Runs the command; returns the exit code."""
    try:
        count = asyncio.run(rotate_all(load(WorkspaceSettings)))
    except AgentbusError as error:
        sys.stderr.write(f"nothing was changed: {error.message}\n")
        return 1
    sys.stdout.write(f"{count} secrets are encrypted with the first key\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
