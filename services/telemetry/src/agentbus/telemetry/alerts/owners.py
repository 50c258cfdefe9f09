"""Whose alerts are meant: a workspace's, and for its operators the system's. Pure; made by `callers`."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Owner:
    """Who asks. `operator`: an administrator of a workspace that runs the system; they see its alerts, too.

    `workspace_id` None: the system itself (only an operator's acts).
    """

    workspace_id: str | None
    user_id: str
    operator: bool
