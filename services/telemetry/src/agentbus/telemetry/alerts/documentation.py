"""What the OpenAPI document says of the alert routes' answers beyond their models. Called by `routes`."""

from typing import Final

from agentbus.chassis.documentation import SHARED_CASES, Responses, problem_answers

_CASES: Final = SHARED_CASES | {
    403: ("not_an_operator", "this is for the administrators of the system"),
    404: ("unknown_alert", "there is no such alert here"),
    409: ("alert_is_over", "the alert is resolved"),
    413: ("body_too_large", "The body may have up to 262144 bytes."),
    422: ("invalid", "body.seconds: Input should be greater than or equal to 1"),
    503: ("database_unavailable", "PostgreSQL is away"),
}


def problems(*statuses: int) -> Responses:
    """Returns the problem answers of a route, with an example each."""
    return problem_answers(_CASES, statuses)
