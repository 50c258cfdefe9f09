"""What a caller of the alert routes can do wrong, or meet."""

from agentbus.kernel.errors import Rejected


class UnknownAlert(Rejected):
    """There is no such alert that the caller may see."""

    code = "unknown_alert"
    status = 404


class AlertIsOver(Rejected):
    """It is resolved: nobody need look after it."""

    code = "alert_is_over"


class UnknownSilence(Rejected):
    """There is no such silence that the caller may see."""

    code = "unknown_silence"
    status = 404


class UnknownLimit(Rejected):
    """No such limit is set."""

    code = "unknown_limit"
    status = 404
