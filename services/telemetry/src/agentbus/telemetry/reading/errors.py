"""What a caller of the read side can do wrong."""

from agentbus.kernel.errors import Invalid, Rejected


class UnknownPlan(Rejected):
    """The workspace has no such plan, or it is no longer kept."""

    code = "unknown_plan"
    status = 404


class UnknownError(Rejected):
    """The workspace has met no such error."""

    code = "unknown_error"
    status = 404


class BadRange(Invalid):
    """The range is empty, or of another century than anything here."""

    code = "invalid_range"


class BadCursor(Invalid):
    """The cursor is none from a `Link` header."""

    code = "invalid_cursor"
