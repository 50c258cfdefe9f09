"""What a caller of the workspace service can do wrong, or meet."""

from agentbus.kernel.errors import Invalid, Rejected


class UnknownDocument(Rejected):
    """The workspace has no such task or environment, or it was deleted."""

    code = "unknown_document"
    status = 404


class DocumentExists(Rejected):
    """There is another document of this id."""

    code = "document_exists"


class ChangedMeanwhile(Rejected):
    """The document is not as `If-Match` says."""

    code = "changed_meanwhile"
    status = 412


class BadDocument(Invalid):
    """This cannot be a task or an environment."""

    code = "invalid_document"


class SecretInDocument(Invalid):
    """A document holds a secret in clear text."""

    code = "secret_in_document"


class UnknownConflict(Rejected):
    """The workspace has no such conflict."""

    code = "unknown_conflict"
    status = 404


class NothingToUndo(Rejected):
    """It was undone before, or the fields have been changed again since."""

    code = "nothing_to_undo"


class UnknownSecret(Rejected):
    """The environment has no such secret."""

    code = "unknown_secret"
    status = 404


class UnknownSeq(Invalid):
    """The workspace has not come so far."""

    code = "unknown_seq"
