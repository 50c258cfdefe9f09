"""Errors, split by what the caller does next. The bus and the HTTP edge each map them in one function.

| class | on the bus | over HTTP |
|---|---|---|
| Transient | pause the partition, retry with backoff | 503 with Retry-After |
| Invalid | dead letter | 422 (or the status given) |
| Rejected | record it and go on | 403, 404 or 409, as given |
| Duplicate | go on | 200 with the first result |
| Fatal | stop the process | 500 |
"""


class AgentbusError(Exception):
    """The base of all our errors: a stable `code` for machines, a message for people that says what to do."""

    code: str = "error"
    status: int = 500

    def __init__(self, message: str, *, code: str | None = None, status: int | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.code = code or self.code
        self.status = status or self.status


class Transient(AgentbusError):
    """It may work later: wait and try again."""

    code = "unavailable"
    status = 503

    def __init__(self, message: str, *, code: str | None = None, retry_after_seconds: int = 5) -> None:
        super().__init__(message, code=code)
        self.retry_after_seconds = retry_after_seconds


class Invalid(AgentbusError):
    """It can never work as it stands: the input is wrong."""

    code = "invalid"
    status = 422


class Rejected(AgentbusError):
    """It is well formed and not allowed here and now."""

    code = "rejected"
    status = 409


class Duplicate(AgentbusError):
    """It was done before; the first result holds."""

    code = "duplicate"
    status = 200


class Fatal(AgentbusError):
    """Going on would do harm: stop and be restarted."""

    code = "fatal"
