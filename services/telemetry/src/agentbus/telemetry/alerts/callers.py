"""Who asks for alerts: members of a workspace, and the operators of the system. Used by `routes`.

Operators are the administrators of the workspaces in `AGENTBUS_ALERT_OPERATORS` (`default` unless set): the
administrator of another workspace runs that workspace, not this system.
"""

from typing import Annotated, Final

from fastapi import Depends, Request

from agentbus.chassis.access.identity import forbidden
from agentbus.chassis.auth import Principal, Role, Scope, requires
from agentbus.telemetry.alerts.owners import Owner
from agentbus.telemetry.alerts.settings import AlertSettings

Viewer = Annotated[Principal, Depends(requires(Role.VIEWER, Scope.PLANS_READ))]
Editor = Annotated[Principal, Depends(requires(Role.EDITOR, Scope.PLANS_WRITE))]
_ADMIN: Final = requires(Role.ADMIN, Scope.ACCESS_ADMIN)


def _operates(who: Principal, settings: AlertSettings) -> bool:
    allowed = who.role is Role.ADMIN and Scope.ACCESS_ADMIN in who.scopes
    return allowed and who.workspace_id in settings.alert_operators


def reader(request: Request, who: Viewer) -> Owner:
    """FastAPI dependency: someone who may read alerts of their workspace."""
    return Owner(who.workspace_id, who.user_id, _operates(who, request.app.state.settings))


def writer(request: Request, who: Editor) -> Owner:
    """FastAPI dependency: someone who may acknowledge and silence alerts of their workspace."""
    return Owner(who.workspace_id, who.user_id, _operates(who, request.app.state.settings))


def operator(request: Request, who: Annotated[Principal, Depends(_ADMIN)]) -> Owner:
    """FastAPI dependency: an administrator of the system. Raises Rejected (403)."""
    if not _operates(who, request.app.state.settings):
        raise forbidden("this is for the administrators of the system", code="not_an_operator")
    return Owner(who.workspace_id, who.user_id, operator=True)


MayRead = Annotated[Owner, Depends(reader)]
MayWrite = Annotated[Owner, Depends(writer)]
Operator = Annotated[Owner, Depends(operator)]
