"""Who calls, checked for every route: a member of the workspace in the path, by role and scope.

Used by all `*routes.py` of this service.
"""

from typing import Annotated

from fastapi import Depends, Path, Request

from agentbus.chassis.access.identity import forbidden
from agentbus.chassis.auth import Principal, Role, Scope, principal
from agentbus.chassis.rates import address_of
from agentbus.contracts.http.plans import Id
from agentbus.workspace.model import Author
from agentbus.workspace.ports import Parts

WorkspaceId = Annotated[Id, Path(description="The workspace.")]


def parts(request: Request) -> Parts:
    """FastAPI dependency: what this process is made of."""
    built: Parts = request.app.state.parts
    return built


def reader(workspace_id: WorkspaceId, who: Annotated[Principal, Depends(principal)]) -> Principal:
    """FastAPI dependency: someone who may read in the workspace of the path."""
    return _member(workspace_id, who, Role.VIEWER, Scope.WORKSPACE_READ)


def writer(workspace_id: WorkspaceId, who: Annotated[Principal, Depends(principal)]) -> Principal:
    """FastAPI dependency: someone who may change something in the workspace of the path."""
    return _member(workspace_id, who, Role.EDITOR, Scope.WORKSPACE_WRITE)


def author(request: Request, who: Annotated[Principal, Depends(writer)]) -> Author:
    """FastAPI dependency: who changes something over REST, and from where."""
    return Author(who.user_id, "rest", address_of(request.scope))


Built = Annotated[Parts, Depends(parts)]
Reader = Annotated[Principal, Depends(reader)]
Writer = Annotated[Principal, Depends(writer)]
ByRest = Annotated[Author, Depends(author)]


def _member(workspace_id: str, who: Principal, role: Role, scope: Scope) -> Principal:
    if who.workspace_id != workspace_id:
        raise forbidden("the access token is for another workspace", code="other_workspace")
    who.require(role, scope)
    return who
