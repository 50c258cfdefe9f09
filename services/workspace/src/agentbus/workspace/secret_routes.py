"""Secrets of an environment over HTTP: write-only (B1.2)."""

from typing import Annotated, Final

from fastapi import APIRouter, Path

from agentbus.chassis.documentation import ALWAYS, WITH_BODY
from agentbus.contracts.http.workspace import ListedSecret, SecretName, SecretValue
from agentbus.contracts.workspace import DocumentId
from agentbus.workspace import secrets
from agentbus.workspace.callers import Built, ByRest, Reader, WorkspaceId
from agentbus.workspace.documentation import problems
from agentbus.workspace.model import Json

SECRETS: Final = APIRouter(
    prefix="/api/v3/workspaces/{workspace_id}/environments/{environment_id}/secrets", tags=["environments"]
)
_EnvironmentId = Annotated[DocumentId, Path()]
_Name = Annotated[SecretName, Path(examples=["githubToken"])]


@SECRETS.get("", response_model=list[ListedSecret], responses=problems(404, *ALWAYS))
async def list_secrets(who: Reader, environment_id: _EnvironmentId, built: Built) -> list[Json]:
    """Lists which secrets are set. No route gives out their values."""
    return await secrets.list_secrets(who.workspace_id, environment_id, parts=built)


@SECRETS.put("/{name}", response_model=ListedSecret, responses=problems(404, 409, *WITH_BODY))
async def set_secret(
    workspace_id: WorkspaceId,
    environment_id: _EnvironmentId,
    name: _Name,
    body: SecretValue,
    by: ByRest,
    built: Built,
) -> Json:
    """Sets a secret, encrypted; the environment's `secretNames` tells that it is there."""
    return await secrets.set_secret((workspace_id, environment_id, name), body, by, parts=built)


@SECRETS.delete("/{name}", status_code=204, responses=problems(404, *ALWAYS))
async def delete_secret(
    workspace_id: WorkspaceId, environment_id: _EnvironmentId, name: _Name, by: ByRest, built: Built
) -> None:
    """Forgets a secret."""
    await secrets.delete_secret((workspace_id, environment_id, name), by, parts=built)
