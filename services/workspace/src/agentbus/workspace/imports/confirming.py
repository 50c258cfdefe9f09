"""Confirms that the database holds an import, so that its client may clear its localStorage (E5).

Guarantee: confirmed means that everything the client counted and hashed was read from the database just now,
in a transaction after the one that wrote it. Called by `routes`.
"""

from agentbus.contracts.http.imports import ConfirmImport, ImportReport
from agentbus.workspace.imports import ledger
from agentbus.workspace.imports.errors import ContentDiffers, ImportUndone
from agentbus.workspace.imports.rereading import reread
from agentbus.workspace.instruments import IMPORTS
from agentbus.workspace.ports import Parts


async def read(workspace_id: str, import_id: str, *, parts: Parts) -> ImportReport:
    """Returns the import's report. Raises UnknownImport, Transient."""
    async with parts.database.transaction(snapshot=True) as connection:
        return await ledger.read(connection, workspace_id, import_id)


async def confirm(workspace_id: str, import_id: str, body: ConfirmImport, *, parts: Parts) -> ImportReport:
    """Returns the confirmed import; the same again succeeds.

    Raises ContentDiffers (nothing is confirmed), ImportUndone, UnknownImport, Transient.
    """
    async with parts.database.transaction() as connection:
        told = await ledger.read(connection, workspace_id, import_id, lock=True)
        if told.state == "undone":
            raise ImportUndone("the import was undone: keep what is in localStorage")
        found = await reread(
            connection, workspace_id, await ledger.entries(connection, workspace_id, import_id)
        )
        if found.missing or found.count_and_hash() != (body.count, body.content_hash):
            raise ContentDiffers(
                f"the database holds {len(found.held)} items of this import, and not all that the client "
                "has: keep what is in localStorage, undo the import, or import again"
            )
        if told.state == "confirmed":
            return told
        IMPORTS.labels("confirmed").inc()
        return await ledger.settle(connection, workspace_id, told, "confirmed", parts.clock.now())
