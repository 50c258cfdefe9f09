"""What a caller of the plan service can do wrong, or meet."""

from agentbus.kernel.errors import Invalid, Rejected


class PlanNotFound(Rejected):
    """There is no such plan in the caller's workspace, neither stored nor on the bus."""

    code = "unknown_plan"
    status = 404


class PlanHasEnded(Rejected):
    """The plan has ended: there is nothing left to approve, answer or cancel."""

    code = "plan_ended"


class UnknownTeam(Invalid):
    """No team has this id."""

    code = "unknown_team"


class BadInputs(Invalid):
    """`inputs` cannot be worked on by any team."""

    code = "invalid_inputs"


class KeyReused(Invalid):
    """The `Idempotency-Key` came with another body before."""

    code = "idempotency_key_reused"


class BadIdempotencyKey(Invalid):
    """The `Idempotency-Key` is empty, too long or not printable."""

    code = "invalid_idempotency_key"


class BadCursor(Invalid):
    """The cursor is none that a `Link` header gave."""

    code = "invalid_cursor"


class UnknownKey(Rejected):
    """The workspace has no such API key."""

    code = "unknown_key"
    status = 404


class UnknownMember(Rejected):
    """The user is no member of the workspace."""

    code = "unknown_member"
    status = 404


class LastAdmin(Rejected):
    """The workspace would be left without an admin."""

    code = "last_admin"


class BadScopes(Invalid):
    """An API key may not have these scopes."""

    code = "invalid_scopes"
