"""REST of one collection: the same routes for tasks and for environments. Part of `routes.API`."""

from typing import Annotated, Any, Final

import orjson
from fastapi import APIRouter, Header, Path, Query, Request, Response

from agentbus.chassis.answers import json_answer, next_page
from agentbus.chassis.documentation import ALWAYS, WITH_BODY
from agentbus.chassis.negotiation import matches
from agentbus.contracts.http.workspace import DocumentPatch, NewEnvironment, NewTask
from agentbus.contracts.workspace import CollectionName, DocumentId, Environment, Task, TaskStatus
from agentbus.workspace import editing, reading
from agentbus.workspace.callers import Built, ByRest, Reader, WorkspaceId
from agentbus.workspace.documentation import DOCUMENT, LISTED, problems
from agentbus.workspace.editing import Place, etag
from agentbus.workspace.model import Json, Stored
from agentbus.workspace.reading import Filter

LIST_LIMIT: Final = 1000
LIST_DEFAULT: Final = 100
MAX_SEQ: Final = 2**53

AtSeq = Annotated[
    int | None, Query(ge=0, le=MAX_SEQ, description="As it was right after this change of the workspace.")
]
IfMatch = Annotated[str | None, Header(description="Only if the document is still as this entity tag says.")]


def document_routes(
    collection: CollectionName,
    document: type[Task] | type[Environment],
    new: type[NewTask] | type[NewEnvironment],
) -> APIRouter:
    """Returns the routes under `/api/v3/workspaces/{workspace_id}/<collection>`."""
    router = APIRouter(prefix=f"/{{workspace_id}}/{collection}", tags=[collection])
    named = f"{{{collection[:-1]}_id}}"
    DocId = Annotated[DocumentId, Path(alias=f"{collection[:-1]}_id")]  # noqa: N806  a type

    Listed = list[document]  # type: ignore[valid-type]  # noqa: N806

    @router.get("", response_model=Listed, responses={**problems(*ALWAYS), **LISTED})
    async def list_all(
        request: Request,
        who: Reader,
        built: Built,
        status: Annotated[TaskStatus | None, Query()] = None,
        archived: Annotated[bool | None, Query()] = None,
        q: Annotated[str | None, Query(max_length=1000, description="Words in titles and names.")] = None,
        limit: Annotated[int, Query(ge=1, le=LIST_LIMIT)] = LIST_DEFAULT,
        cursor: Annotated[int | None, Query(ge=1, le=MAX_SEQ, description="From a `Link` header.")] = None,
        at_seq: AtSeq = None,
    ) -> Response:
        """Lists documents, the last changed first. All pages show the same moment."""
        wanted = Filter(status, archived, (q or "").replace("\x00", "") or None)
        page = await reading.list_documents(
            built.database, who.workspace_id, collection, wanted, limit=limit, cursor=cursor, at_seq=at_seq
        )
        headers = {"Workspace-Seq": str(page.seq)}
        headers |= next_page(request, cursor=page.cursor, at_seq=page.seq)
        return await json_answer(request, [orjson.Fragment(each.text) for each in page.items], headers)

    @router.post(
        "", status_code=201, response_model=document, responses={**problems(409, *WITH_BODY), **DOCUMENT}
    )
    async def create(
        request: Request,
        workspace_id: WorkspaceId,
        body: new,  # type: ignore[valid-type]
        by: ByRest,
        built: Built,
    ) -> Response:
        """Creates a document; 200 with what is there when the same one was created before."""
        made, is_new = await editing.create(workspace_id, collection, _plain(body), by, parts=built)
        return await _answer(request, made, 201 if is_new else 200)

    @router.get(f"/{named}", response_model=document, responses={**problems(404, *ALWAYS), **DOCUMENT})
    async def read(
        request: Request,
        who: Reader,
        document_id: DocId,
        built: Built,
        at_seq: AtSeq = None,
        if_none_match: Annotated[str | None, Header()] = None,
    ) -> Response:
        """Gives one document, as it is or as it was."""
        found = await reading.read_document(built.database, who.workspace_id, collection, document_id, at_seq)
        if if_none_match is not None and matches(if_none_match, etag(found)):
            return Response(status_code=304, headers={"ETag": etag(found)})
        return await _answer(request, found)

    @router.put(f"/{named}", response_model=document, responses={**problems(412, *WITH_BODY), **DOCUMENT})
    async def replace(
        request: Request,
        workspace_id: WorkspaceId,
        document_id: DocId,
        body: new,  # type: ignore[valid-type]
        by: ByRest,
        built: Built,
        if_match: IfMatch = None,
    ) -> Response:
        """Makes the document be what is sent; creates it when there is none."""
        place = Place(workspace_id, collection, document_id)
        made, is_new = await editing.replace(place, _plain(body), by, if_match=if_match, parts=built)
        return await _answer(request, made, 201 if is_new else 200)

    @router.patch(
        f"/{named}", response_model=document, responses={**problems(404, 412, *WITH_BODY), **DOCUMENT}
    )
    async def patch(
        request: Request,
        workspace_id: WorkspaceId,
        document_id: DocId,
        body: DocumentPatch,
        by: ByRest,
        built: Built,
        if_match: IfMatch = None,
    ) -> Response:
        """Changes some fields (JSON merge patch, RFC 7396)."""
        place = Place(workspace_id, collection, document_id)
        return await _answer(
            request, await editing.patch(place, body.model_dump(), by, if_match=if_match, parts=built)
        )

    @router.delete(f"/{named}", status_code=204, responses=problems(404, 412, *ALWAYS))
    async def delete(
        workspace_id: WorkspaceId, document_id: DocId, by: ByRest, built: Built, if_match: IfMatch = None
    ) -> None:
        """Deletes the document. Its history stays."""
        await editing.delete(Place(workspace_id, collection, document_id), by, if_match=if_match, parts=built)

    return router


def _plain(body: Any) -> Json:
    plain: Json = body.model_dump(by_alias=True, exclude_unset=True)
    return plain


async def _answer(request: Request, document: Stored, status: int = 200) -> Response:
    answer = await json_answer(request, orjson.Fragment(document.text), {"ETag": etag(document)})
    answer.status_code = status
    return answer


TASKS: Final = document_routes("tasks", Task, NewTask)
ENVIRONMENTS: Final = document_routes("environments", Environment, NewEnvironment)
