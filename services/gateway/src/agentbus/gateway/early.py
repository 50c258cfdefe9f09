"""Live records that came before it was known what lies before them. No waiting. Called by the rooms."""

from agentbus.bus.record import Record
from agentbus.gateway.memory import Memory


class Early:
    """Keeps records up to `limit_bytes`, counted in `memory`."""

    def __init__(self, limit_bytes: int, memory: Memory) -> None:
        self._limit_bytes = limit_bytes
        self._memory = memory
        self._records: list[Record] = []
        self._size_bytes = 0

    def keep(self, record: Record) -> bool:
        """Keeps one more; False when that was too much: then all are gone, this one, too."""
        self._records.append(record)
        self._size_bytes += len(record.value)
        lent = self._memory.lend(len(record.value))
        if not lent or self._size_bytes > self._limit_bytes:
            self.taken()
            return False
        return True

    def taken(self) -> list[Record]:
        """Returns what was kept, and gives its memory back."""
        records, self._records = self._records, []
        self._memory.back(self._size_bytes)
        self._size_bytes = 0
        return records
