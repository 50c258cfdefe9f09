"""Each migration runs once, whole or not at all, however many instances start at once (decision 0024)."""

import asyncio
from pathlib import Path

import pytest

from agentbus.kernel.errors import Transient
from agentbus.postgres.database import Database
from agentbus.postgres.migrations import migrate
from agentbus.postgres.settings import PostgresSettings

STEP = '''"""A step."""
from agentbus.postgres.migrations import execute

revision, down_revision = "{revision}", {before}


def upgrade() -> None:
    execute({statements})
'''


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Path:
    """A package whose migrations the test writes; its name is the schema's, too."""
    folder = tmp_path / f"migrated_{request.node.name}" / "migrations"
    folder.mkdir(parents=True)
    (folder.parent / "__init__.py").write_text("")
    monkeypatch.syspath_prepend(str(tmp_path))
    return folder.parent


def step(package: Path, number: int, *statements: str) -> None:
    before = f'"{number - 1}"' if number > 1 else None
    listed = ", ".join(map(repr, statements))
    text = STEP.format(revision=number, before=before, statements=listed)
    (package / "migrations" / f"v{number}.py").write_text(text)


async def run(database: Database, package: Path) -> None:
    await migrate(database, package=package.name, schema="s")


async def count(database: Database, table: str) -> int:
    async with database.transaction(snapshot=True) as connection:
        return int(await connection.fetchval(f"select count(*) from {table}"))


async def test_instances_that_start_at_once_run_each_step_once(database: Database, package: Path) -> None:
    step(package, 1, "create table s.made (n int)", "insert into s.made values (1)")
    step(package, 2, "insert into s.made values (2)")
    await asyncio.gather(*(run(database, package) for _ in range(6)))
    assert await count(database, "s.made") == 2
    step(package, 3, "insert into s.made values (3)")
    await run(database, package)
    assert await count(database, "s.made") == 3


async def test_a_faulty_step_leaves_nothing(database: Database, package: Path) -> None:
    step(package, 1, "create table s.made (n int)")
    await run(database, package)
    step(package, 2, "insert into s.made values (2)")
    step(package, 3, "insert into s.made values (3)", "insert into s.nowhere values (3)")
    with pytest.raises(Transient, match="nowhere"):
        await run(database, package)
    assert await count(database, "s.made") == 0
    step(package, 3, "insert into s.made values (3)")
    await run(database, package)
    assert await count(database, "s.made") == 2


async def test_a_database_that_is_away_is_transient(package: Path) -> None:
    away = Database(PostgresSettings(postgres_url="postgresql://127.0.0.1:1/nowhere"))
    await away.start()
    with pytest.raises(Transient) as caught:
        await run(away, package)
    assert caught.value.code == "database_unavailable"
    await away.stop()
