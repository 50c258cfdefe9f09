"""The table `offsets`: how far each partition is counted. Works inside its caller's transaction."""

from agentbus.kernel.errors import Transient
from agentbus.postgres.database import Connection


async def read(connection: Connection, topic: str) -> dict[int, int]:
    """Returns the next offset to count by partition; those that nobody has counted are not in it."""
    rows = await connection.fetch(
        "select partition, next_offset from telemetry.offsets where topic = $1", topic
    )
    return {row["partition"]: row["next_offset"] for row in rows}


async def lock(connection: Connection, topic: str, partition: int, expected: int) -> None:
    """Makes every other writer of the partition wait for this transaction's end.

    Raises Transient when the partition is not counted up to `expected`: another instance has gone on with it,
    or it is to be counted anew.
    """
    if expected == 0:
        await connection.execute(
            "insert into telemetry.offsets (topic, partition, next_offset) values ($1, $2, 0) "
            "on conflict do nothing",
            topic,
            partition,
        )
    stored = await connection.fetchval(
        "select next_offset from telemetry.offsets where topic = $1 and partition = $2 for update",
        topic,
        partition,
    )
    if stored != expected:
        raise Transient(f"counted up to {stored} by now, not {expected}", code="counted_elsewhere")


async def write(connection: Connection, topic: str, partition: int, next_offset: int) -> None:
    """Says how far the partition is counted."""
    await connection.execute(
        "update telemetry.offsets set next_offset = $3, updated_at = now() "
        "where topic = $1 and partition = $2",
        topic,
        partition,
        next_offset,
    )
