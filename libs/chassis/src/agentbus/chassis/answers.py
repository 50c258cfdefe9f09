"""Answers on their way out: JSON without models, compressed when asked for, with entity tags and links.

Called by the routes of services.
"""

import asyncio
import gzip
from typing import Any, Final
from urllib.parse import urlencode

import orjson
from fastapi import Request, Response

from agentbus.chassis.negotiation import accepts_gzip

VARIES: Final = {"Vary": "Accept-Encoding"}

_SMALL_BYTES: Final = 1024
"""Smaller ones are not worth compressing."""

_LEVEL: Final = 4


async def json_answer(request: Request, body: Any, headers: dict[str, str] | None = None) -> Response:
    """Returns `body` as JSON, gzipped when the client takes that; large ones are compressed in a thread."""
    content = orjson.dumps(body)
    answer = {"Content-Type": "application/json", **VARIES, **(headers or {})}
    if len(content) >= _SMALL_BYTES and accepts_gzip(request.headers.get("accept-encoding", "")):
        content = await asyncio.to_thread(gzip.compress, content, _LEVEL, mtime=0)
        answer["Content-Encoding"] = "gzip"
    return Response(content, headers=answer)


def next_page(request: Request, **changed: object) -> dict[str, str]:
    """Returns the `Link` header (RFC 8288) of the next page: this request with some parameters changed.

    Without a header when one of them is None: there is no next page.
    """
    if None in changed.values():
        return {}
    parameters = dict(request.query_params) | {name: str(value) for name, value in changed.items()}
    parameters.pop("min_seq", None)
    return {"Link": f'<{request.url.path}?{urlencode(parameters)}>; rel="next"'}
