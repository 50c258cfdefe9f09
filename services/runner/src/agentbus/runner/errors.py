"""What can go wrong with a plan."""

from agentbus.kernel.errors import Invalid, Rejected


class PlanRejected(Rejected):
    """The user did not approve the plan's steps."""

    code = "plan_rejected"


class ActionFailed(Invalid):
    """An action raised or took too long; the log has the whole story. A team may go on without its value."""

    code = "action_failed"


class InputError(Invalid):
    """The plan's inputs cannot be worked on, for example a directory that is not there."""

    code = "invalid_input"


class ToolFailed(Invalid):
    """A tool's process did not end well: it crashed, took too long, too much memory or printed too much."""

    code = "tool_failed"
