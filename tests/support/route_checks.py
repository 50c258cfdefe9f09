"""Requests to every route of an OpenAPI document, made from the document, and what must be true of all.

Bodies come from the examples of their schemas, so a new route needs no code here. Called by each service's
tests of its routes: tests/integration/plans/test_every_route_and_workspace.py, …/workspace/test_every_….py.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import httpx

Ids = Mapping[str, str]

_METHODS: Final = ("get", "put", "patch", "post", "delete")
"""In the order in which a thing goes through them."""

_NO_TOKENS: Final[tuple[dict[str, str], ...]] = (
    {},
    {"Authorization": "Bearer guess"},
    {"Authorization": "Basic YTpi"},
)
PUBLIC: Final = frozenset({"get /health/live", "get /health/ready", "get /metrics"})
"""What anyone may ask of every service."""


@dataclass(frozen=True)
class Route:
    """A method and path of the document."""

    method: str
    path: str
    operation: Mapping[str, Any]
    document: Mapping[str, Any]

    def __str__(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def writes(self) -> bool:
        return self.method != "get"

    def request(self, ids: Ids) -> dict[str, Any]:
        """Returns a good request that names `ids` wherever the document has such a field."""
        parameters = [each for each in self.operation.get("parameters", []) if each["name"] in ids]
        path, query = self.path, {}
        for each in parameters:
            if each["in"] == "path":
                path = path.replace(f"{{{each['name']}}}", ids[each["name"]])
            elif each["in"] == "query":
                query[each["name"]] = ids[each["name"]]
        assert "{" not in path, f"{self}: which {path}? Give the test such an id."
        request: dict[str, Any] = {"method": self.method, "url": path, "params": query}
        body = self._example()
        return request if body is None else {**request, "json": self._naming(body, ids)}

    def _example(self) -> Any:
        content = self.operation.get("requestBody", {}).get("content", {}).get("application/json")
        if content is None:
            return None
        if content["schema"].get("type") == "array":
            return [self._example_of(content["schema"]["items"])]
        return self._example_of(content["schema"])

    def _example_of(self, schema: Mapping[str, Any]) -> Any:
        references = [schema, *schema.get("anyOf", [])]
        name = next(each["$ref"] for each in references if "$ref" in each).rsplit("/", 1)[1]
        return self.document["components"]["schemas"][name]["examples"][0]

    def _naming(self, body: Any, ids: Ids) -> Any:
        if isinstance(body, list):
            return [self._naming(each, ids) for each in body]
        return {name: ids.get(name, value) for name, value in body.items()}


def routes_of(document: Mapping[str, Any]) -> Iterator[Route]:
    """Yields every route of the document."""
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            if method in _METHODS:
                yield Route(method, path, operation, document)


async def refused_without_a_token(
    service: httpx.AsyncBaseTransport, route: Route, ids: Ids, of_nobody: Ids
) -> None:
    """Nor does the refusal tell whether there is such a thing."""
    async with httpx.AsyncClient(transport=service, base_url="http://127.0.0.1") as client:
        for headers in _NO_TOKENS:
            answer = await client.request(**route.request(ids), headers=headers)
            assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")
            nothing = await client.request(**route.request(of_nobody), headers=headers)
            assert told(answer) == told(nothing)


async def forbidden(client: httpx.AsyncClient, route: Route, ids: Ids) -> None:
    """The client's role may not do this."""
    answer = await client.request(**route.request(ids))
    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")


async def same_as_for_nothing(
    stranger: httpx.AsyncClient, route: Route, ids: Ids, of_nobody: Ids
) -> httpx.Response:
    """Someone of another workspace is answered as for what does not exist; returns the answer."""
    answer = await stranger.request(**route.request(ids))
    assert told(answer) == told(await stranger.request(**route.request(of_nobody)))
    return answer


async def all_reached(admin: httpx.AsyncClient, routes: Iterable[Route], ids: Ids, of_nobody: Ids) -> None:
    """In its own workspace the same requests reach the thing: else all else would hold of bad requests."""
    for route in sorted(routes, key=lambda each: (_METHODS.index(each.method), -len(each.path))):
        answer = await admin.request(**route.request(ids))
        assert answer.is_success or answer.status_code in (409, 422), f"{route}: {answer.text}"
        if "404" in route.operation["responses"]:
            nothing = await admin.request(**route.request(of_nobody))
            assert nothing.status_code == httpx.codes.NOT_FOUND, str(route)


def told(answer: httpx.Response) -> Any:
    """Returns what an answer tells: all of a refusal but its own id and path, of a success its form."""
    kind = answer.headers.get("content-type")
    body: Any = answer.json() if answer.content and kind is not None and "json" in kind else None
    if answer.is_success:
        return answer.status_code, kind, sorted(body) if isinstance(body, dict) else type(body)
    return answer.status_code, {name: body[name] for name in body if name not in ("request_id", "instance")}
