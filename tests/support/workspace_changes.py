"""Changes of a workspace as its relay writes them."""

from typing import Any


def change(workspace_id: str, seq: int, **fields: Any) -> dict[str, Any]:
    """Returns the change with this number: task `t1` as it is after it."""
    return {
        "workspace_id": workspace_id,
        "seq": seq,
        "collection": "tasks",
        "id": "t1",
        "document": {"id": "t1", "title": f"change {seq}", "status": "IN_PROGRESS", "_deleted": False},
        "changed_at": "2026-11-23T12:00:00.000000Z",
        "changed_by": "ada",
        "origin": "sync",
        "schema_version": 1,
        **fields,
    }
