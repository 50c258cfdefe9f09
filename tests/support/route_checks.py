"""Requests to every route of an OpenAPI document, made from the document; who may ask is the test's to say.

Bodies come from the examples of their schemas, so a new route needs no code here. Called by
tests/integration/plans/test_every_route_and_workspace.py.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

_METHODS: Final = ("get", "put", "post", "delete", "patch")


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

    def request(self, ids: Mapping[str, str]) -> dict[str, Any]:
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

    def _naming(self, body: Any, ids: Mapping[str, str]) -> Any:
        if isinstance(body, list):
            return [self._naming(each, ids) for each in body]
        return {name: ids.get(name, value) for name, value in body.items()}


def routes_of(document: Mapping[str, Any]) -> Iterator[Route]:
    """Yields every route of the document."""
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            if method in _METHODS:
                yield Route(method, path, operation, document)
