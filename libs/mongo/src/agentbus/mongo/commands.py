"""A span and a time for every command to the message database, by the driver's own hook. Used by `client`.

Guarantee: a command is known by its name and its collection, never by what it looks for or writes. The driver
calls from the thread that runs the command, in the context of whoever called. Names: OpenTelemetry's
conventions for databases (stable) and MongoDB.
"""

from typing import Any, Final

from pymongo.monitoring import CommandFailedEvent, CommandListener, CommandStartedEvent, CommandSucceededEvent

from agentbus.mongo.instruments import COMMAND_SECONDS
from agentbus.observability.metrics import observe
from agentbus.observability.tracing import record

_BATCHES: Final = ("documents", "updates", "deletes")
_ON_COLLECTION: Final = {"getMore": "collection"}
"""Where the collection's name stands, if not under the command's own."""


class Commands(CommandListener):
    """Hears of all commands of one client."""

    def __init__(self) -> None:
        self._begun: dict[int, dict[str, Any]] = {}

    def started(self, event: CommandStartedEvent) -> None:
        """pymongo: a command is sent."""
        name = event.command_name
        found = event.command.get(_ON_COLLECTION.get(name, name))
        collection = found if isinstance(found, str) else None
        many = next((len(event.command[key]) for key in _BATCHES if key in event.command), None)
        self._begun[event.request_id] = {
            "db.namespace": event.database_name,
            "db.collection.name": collection,
            "db.operation.name": name,
            "db.operation.batch.size": many if many != 1 else None,
            "server.address": event.connection_id[0],
            "server.port": event.connection_id[1],
        }

    def succeeded(self, event: CommandSucceededEvent) -> None:
        """pymongo: it was answered; writes may still have been refused one by one."""
        self._ended(event, None, None)

    def failed(self, event: CommandFailedEvent) -> None:
        """pymongo: it failed, or had no answer."""
        failure: Any = event.failure
        self._ended(event, str(failure.get("codeName") or failure.get("errtype")), failure.get("code"))

    def _ended(
        self, event: CommandSucceededEvent | CommandFailedEvent, failure: str | None, code: int | None
    ) -> None:
        begun = self._begun.pop(event.request_id, {})
        command, collection = event.command_name, begun.get("db.collection.name") or ""
        seconds = event.duration_micros / 1e6
        observe(COMMAND_SECONDS.labels(command, collection), seconds)
        record(
            f"{command} {collection or event.database_name}",
            "client",
            seconds,
            failure=failure,
            **{
                "db.system.name": "mongodb",
                "db.response.status_code": None if code is None else str(code),
                **begun,
            },
        )
