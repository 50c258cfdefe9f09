"""What the OpenAPI document says of this service's answers beyond their models. Called by its routes."""

from typing import Final

from agentbus.chassis.documentation import PAGED, SHARED_CASES, Responses, header, problem_answers

_CASES: Final = SHARED_CASES | {
    403: ("other_workspace", "the access token is for another workspace"),
    404: ("unknown_document", "there is no task 't1' here"),
    409: ("document_exists", "there is another task 't1'"),
    412: ("changed_meanwhile", 'the document is at "43" by now: read it, and try again'),
    413: ("body_too_large", "The body may have up to 16000000 bytes."),
    422: ("invalid_document", "status: Input should be 'IN_PROGRESS', 'DONE', …"),
    503: ("database_unavailable", "PostgreSQL is away"),
}


def problems(*statuses: int) -> Responses:
    """Returns the problem answers of a route, with an example each."""
    return problem_answers(_CASES, statuses)


LISTED: Final[Responses] = {
    200: {
        "description": "The newest first.",
        "headers": {
            **PAGED,
            "Workspace-Seq": header(
                "The change of the workspace that this shows the state after.", "integer"
            ),
        },
    }
}
_TAG: Final = {"ETag": header("Of the document as it is; send it back in If-Match.")}
DOCUMENT: Final[Responses] = {200: {"description": "The document.", "headers": _TAG}}
