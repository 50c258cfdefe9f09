"""What can go wrong on the way up. Every message says what to do next; the command line prints it."""

from agentbus.kernel.errors import Fatal


class EmbeddedError(Fatal):
    """The embedded stack cannot do what was asked."""

    code = "embedded_stack"


class FetchFailed(EmbeddedError):
    """A part could not be downloaded or built; nothing of it was kept."""

    code = "fetch_failed"


class HashMismatch(FetchFailed):
    """A downloaded file is not the one that was committed to; nothing of it was kept."""

    code = "hash_mismatch"


class PortTaken(EmbeddedError):
    """Somebody else listens on the port that was asked for."""

    code = "port_taken"


class NotReady(EmbeddedError):
    """A part did not become ready in time, or gave up."""

    code = "not_ready"


class NotRunning(EmbeddedError):
    """The stack, or the part that was named, is not running."""

    code = "not_running"
