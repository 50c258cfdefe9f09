"""What the OpenAPI document says of the read side's answers beyond their models. Called by `routes.py`."""

from typing import Final

from agentbus.chassis.documentation import PAGED, SHARED_CASES, Responses, problem_answers

_CASES: Final = SHARED_CASES | {
    403: ("forbidden", "this needs the role viewer, and you are in another workspace"),
    404: ("unknown_plan", "nothing is known here of a plan '0b9f6a52'"),
    422: ("invalid_range", "from must be before to"),
    503: ("database_unavailable", "PostgreSQL is away"),
}


def problems(*statuses: int) -> Responses:
    """Returns the problem answers of a route, with an example each."""
    return problem_answers(_CASES, statuses)


LISTED: Final[Responses] = {200: {"description": "The newest first.", "headers": PAGED}}
TIMELINE: Final[Responses] = {200: {"description": "The plan and its actions.", "headers": PAGED}}
