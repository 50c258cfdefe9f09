"""What a caller of an import can do wrong, or meet."""

from agentbus.kernel.errors import Fatal, Rejected


class UnknownImport(Rejected):
    """The workspace has no such import."""

    code = "unknown_import"
    status = 404


class ContentDiffers(Rejected):
    """The client's count or hash is not that of what the database holds: the client keeps its data."""

    code = "content_differs"


class ImportUndone(Rejected):
    """The import was taken back; there is nothing to confirm."""

    code = "import_undone"


class NotInDatabase(Fatal):
    """The database does not hold what was just written; the transaction is rolled back."""

    code = "not_in_database"
