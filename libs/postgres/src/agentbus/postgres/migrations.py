"""Brings a service's schema to the newest version, by Alembic. Called at a service's start, and by tests.

Guarantee: each migration runs once, in order, whole or not at all, however many instances start at once (an
advisory lock); which ones have run stands in the schema itself. Migrations are written by hand, as SQL.
"""

from importlib.resources import as_file, files
from pathlib import Path
from typing import Any, Final

from alembic import op
from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from agentbus.kernel.errors import Transient
from agentbus.observability.tracing import span
from agentbus.postgres.database import Database
from agentbus.postgres.errors import translated

VERSION_TABLE: Final = "schema_version"


def execute(*statements: str) -> None:
    """Runs SQL statements, each of them one. For the migrations themselves."""
    for statement in statements:
        op.get_bind().exec_driver_sql(statement)


async def migrate(database: Database, *, package: str, schema: str) -> None:
    """Applies the migrations in the folder `migrations` of `package` to `schema`, making it the first time.

    Raises Transient when the database is away; what a faulty migration raises, after which nothing of it is
    there.
    """
    engine = create_async_engine(
        "postgresql+asyncpg://", async_creator=database.connect, poolclass=NullPool, hide_parameters=True
    )
    with (
        span(f"migrate {schema}", "client", **{"db.system.name": "postgresql"}),
        as_file(files(package) / "migrations") as folder,
        translated(),
    ):
        try:
            async with engine.begin() as connection:
                await connection.run_sync(_upgrade, folder, schema)
        except SQLAlchemyError as error:
            raise Transient(
                f"the schema {schema} cannot be migrated: {error}", code="not_migrated"
            ) from error
        finally:
            await engine.dispose()


def _upgrade(connection: Connection, folder: Path, schema: str) -> None:
    connection.execute(text("select pg_advisory_xact_lock(hashtext(:name))"), {"name": f"migrate {schema}"})
    connection.execute(text(f'create schema if not exists "{schema}"'))
    connection.execute(text(f'set local search_path to "{schema}"'))
    script = ScriptDirectory(str(folder), version_locations=[str(folder)])

    def steps(revision: Any, _: Any) -> Any:
        return script._upgrade_revs("head", revision)

    with EnvironmentContext(Config(), script, fn=steps) as environment:
        environment.configure(
            connection=connection,
            version_table=VERSION_TABLE,
            version_table_schema=schema,
            transactional_ddl=True,
        )
        environment.run_migrations()
