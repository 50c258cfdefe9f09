"""RxDB's replication protocol over HTTP (compatibility.md section 3): pull, push, stream."""

import json
from dataclasses import replace
from typing import Annotated, Final

import orjson
from fastapi import APIRouter, Body, Path, Query, Request
from fastapi.responses import Response, StreamingResponse

from agentbus.chassis.answers import json_answer
from agentbus.chassis.documentation import ALWAYS, WITH_BODY
from agentbus.chassis.event_stream import streamed
from agentbus.contracts.http.workspace import Pulled, PushRow
from agentbus.contracts.workspace import CollectionName, Environment, Task
from agentbus.workspace import replication
from agentbus.workspace.callers import Built, ByRest, Reader, WorkspaceId
from agentbus.workspace.document_routes import MAX_SEQ
from agentbus.workspace.documentation import problems

BATCH_LIMIT: Final = 1000
_REJECTIONS_TOLD: Final = 20

SYNC: Final = APIRouter(prefix="/api/v3/workspaces/{workspace_id}/sync/{collection}", tags=["sync"])
_Collection = Annotated[CollectionName, Path()]


@SYNC.get("/pull", response_model=Pulled, responses=problems(*ALWAYS))
async def pull(
    request: Request,
    who: Reader,
    collection: _Collection,
    built: Built,
    seq: Annotated[int, Query(ge=0, le=MAX_SEQ, description="The last checkpoint.")] = 0,
    batch_size: Annotated[int, Query(ge=1, le=BATCH_LIMIT)] = 100,
) -> Response:
    """Gives documents that changed after the checkpoint, in order, deleted ones with `_deleted: true`."""
    found, checkpoint = await replication.pull(built.database, who.workspace_id, collection, seq, batch_size)
    documents = [orjson.Fragment(each.text) for each in found]
    return await json_answer(request, {"documents": documents, "checkpoint": {"seq": checkpoint}})


@SYNC.post("/push", response_model=list[Task | Environment], responses=problems(*WITH_BODY))
async def push(
    request: Request,
    workspace_id: WorkspaceId,
    collection: _Collection,
    rows: Annotated[list[PushRow], Body(max_length=BATCH_LIMIT)],
    by: ByRest,
    built: Built,
) -> Response:
    """Writes the client's states; answers with the documents that stand in place of those not written.

    Those that can never be kept are also named, the first 20 of them, in the header `Sync-Rejected`: a JSON
    object of ids and codes. They are recorded like conflicts, and must not be pushed again.
    """
    by = replace(by, origin="sync")
    pushed = await replication.push(workspace_id, collection, rows, by, parts=built)
    told = dict(list(pushed.rejected.items())[:_REJECTIONS_TOLD])
    headers = {"Sync-Rejected": json.dumps(told)} if told else {}
    return await json_answer(request, [orjson.Fragment(text) for text in pushed.masters], headers)


@SYNC.get("/stream", response_class=StreamingResponse, responses=problems(*ALWAYS))
async def stream(request: Request, who: Reader, collection: _Collection, built: Built) -> StreamingResponse:
    """Server-sent events: `{documents, checkpoint}`, or `"RESYNC"`: pull now, as after every connecting.

    Ends after some minutes, when the access does, and when the service stops; then come again.
    """
    built.require_live()
    built.streams.require_room()

    settings = request.app.state.settings
    return streamed(
        built.streams.opened(who.workspace_id, collection),
        who,
        built.book,
        seconds=settings.stream_seconds,
        ping_seconds=settings.stream_ping_seconds,
    )
