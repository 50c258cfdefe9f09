"""The HTTP edge of access: keys, members, revocations, audit log; for admins, of their own workspace."""

from typing import Annotated, Final

from fastapi import APIRouter, Depends, Path, Query, Request, Response

from agentbus.chassis.answers import json_answer, next_page
from agentbus.chassis.auth import Principal, Role, Scope, requires
from agentbus.chassis.documentation import ALWAYS, WITH_BODY
from agentbus.contracts.audit import AuditEntry
from agentbus.contracts.http.access import (
    CreatedApiKey,
    ListedApiKey,
    Member,
    MemberRole,
    Named,
    NewApiKey,
    NewRevocation,
    Revoked,
)
from agentbus.plans import access_acts
from agentbus.plans.access_acts import AccessParts, Admin
from agentbus.plans.documentation import AUDIT_READ, access_problems

AUDIT_LIMIT: Final = 500
AUDIT_DEFAULT: Final = 100
_MAX_OFFSET: Final = 2**53

ACCESS: Final = APIRouter(prefix="/api/v3/access", tags=["access"])


def parts(request: Request) -> AccessParts:
    """FastAPI dependency: what this process is made of."""
    built: AccessParts = request.app.state.parts.access
    return built


def admin(
    request: Request, who: Annotated[Principal, Depends(requires(Role.ADMIN, Scope.ACCESS_ADMIN))]
) -> Admin:
    """FastAPI dependency: an admin of the workspace that they act in."""
    return Admin(who, request.client.host if request.client is not None else "")


Built = Annotated[AccessParts, Depends(parts)]
ByAdmin = Annotated[Admin, Depends(admin)]
UserId = Annotated[Named, Path(description="The user.")]


@ACCESS.post("/keys", status_code=201, response_model=CreatedApiKey, responses=access_problems(*WITH_BODY))
async def create_key(body: NewApiKey, by: ByAdmin, built: Built) -> CreatedApiKey:
    """Makes an API key. Its secret is in this answer and nowhere else."""
    return await access_acts.create_key(body, by, parts=built)


@ACCESS.get("/keys", response_model=list[ListedApiKey], responses=access_problems(*ALWAYS))
async def keys(by: ByAdmin, built: Built) -> list[ListedApiKey]:
    """Lists the workspace's API keys, oldest first, without secrets; expired ones until they are revoked."""
    return access_acts.keys(by, parts=built)


@ACCESS.delete("/keys/{key_id}", status_code=204, responses=access_problems(404, *ALWAYS))
async def revoke_key(key_id: Annotated[Named, Path()], by: ByAdmin, built: Built) -> None:
    """Revokes an API key: within milliseconds it lets nobody in, and sockets opened with it close."""
    await access_acts.revoke_key(key_id, by, parts=built)


@ACCESS.get("/members", response_model=list[Member], responses=access_problems(*ALWAYS))
async def members(by: ByAdmin, built: Built) -> list[Member]:
    """Lists the workspace's members by user."""
    return access_acts.members(by, parts=built)


@ACCESS.put("/members/{user_id:path}", response_model=Member, responses=access_problems(409, *WITH_BODY))
async def set_member(user_id: UserId, body: MemberRole, by: ByAdmin, built: Built) -> Member:
    """Gives a user a role. A lower one than before also revokes what they were issued."""
    return await access_acts.set_member(user_id, Role(body.role), by, parts=built)


@ACCESS.delete("/members/{user_id:path}", status_code=204, responses=access_problems(404, 409, *ALWAYS))
async def remove_member(user_id: UserId, by: ByAdmin, built: Built) -> None:
    """Ends a membership, and revokes what the user was issued for the workspace."""
    await access_acts.remove_member(user_id, by, parts=built)


@ACCESS.post("/revocations", response_model=Revoked, responses=access_problems(*WITH_BODY))
async def revoke(body: NewRevocation, by: ByAdmin, built: Built) -> Revoked:
    """Revokes one token, or everything that a user was issued until now, for this workspace."""
    return await access_acts.revoke(body, by, parts=built)


@ACCESS.get("/audit", response_model=list[AuditEntry], responses={**access_problems(*ALWAYS), **AUDIT_READ})
async def audit_log(
    request: Request,
    by: ByAdmin,
    built: Built,
    limit: Annotated[int, Query(ge=1, le=AUDIT_LIMIT)] = AUDIT_DEFAULT,
    cursor: Annotated[int | None, Query(ge=0, le=_MAX_OFFSET, description="From a `Link` header.")] = None,
) -> Response:
    """Lists the workspace's administrative acts, newest first. A page before the last may be short."""
    page = await built.log.entries(by.who.workspace_id, before=cursor, limit=limit)
    links = next_page(request, cursor=page.cursor)
    return await json_answer(request, [entry.model_dump() for entry in page.entries], links)
