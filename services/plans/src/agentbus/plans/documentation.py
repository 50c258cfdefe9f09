"""What the OpenAPI document says of this service's answers beyond their models. Called by `routes.py`."""

from typing import Final

from agentbus.chassis.documentation import PAGED, SHARED_CASES, Responses, header, problem_answers

_CASES: Final = SHARED_CASES | {
    403: ("forbidden", "this needs the role editor, and you are viewer"),
    404: ("unknown_plan", "there is no such plan"),
    409: ("plan_ended", "the plan has ended: completed"),
    413: ("body_too_large", "The body may have up to 1000000 bytes."),
    422: ("unknown_team", "there is no team 'rewiev'; there are: model, review"),
    503: ("bus_unavailable", "Kafka did not acknowledge"),
}


_ACCESS_CASES: Final = _CASES | {
    403: ("forbidden", "this needs the role admin, and you are editor"),
    404: ("unknown_key", "there is no such API key"),
    409: ("last_admin", "this is the workspace's last admin: make another one first"),
    422: ("invalid_scopes", "a key of a viewer may have these scopes: plans:read"),
    503: ("access_unknown", "who may do what is not known yet"),
}


def problems(*statuses: int) -> Responses:
    """Returns the problem answers of a route, with an example each."""
    return problem_answers(_CASES, statuses)


def access_problems(*statuses: int) -> Responses:
    """As `problems`, of a route under `/api/v3/access`."""
    return problem_answers(_ACCESS_CASES, statuses)


SUBMITTED: Final[Responses] = {
    200: {
        "description": "On the bus. With `Prefer: wait=N`: how it ended, or what there is after N seconds.",
        "headers": {
            "Preference-Applied": header("`wait=N` when the answer has waited, with the N that held.")
        },
    }
}
PLAN_READ: Final[Responses] = {
    200: {
        "description": "The plan and its messages in order.",
        "headers": {**PAGED, "ETag": header("Of the plan as stored; send it back in If-None-Match.")},
    },
    304: {"description": "The plan is still as the entity tag in If-None-Match says."},
}
PLANS_READ: Final[Responses] = {200: {"description": "Newest first.", "headers": PAGED}}
AUDIT_READ: Final[Responses] = {200: {"description": "Newest first.", "headers": PAGED}}
