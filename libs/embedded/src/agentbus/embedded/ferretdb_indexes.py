"""Indexes that FerretDB's reads use: it has none for them itself. Called when its database is made ready.

Guarantee: a plan and its messages are read by index, so how long that takes does not grow with what else is
stored; so in every database that is made through FerretDB, and in those that are there already.

FerretDB 1.24 asks `_jsonb->'field' @> value` for an equality (its `internal/backends/postgresql`, pushdown of
filters), which its own indexes, B-trees, cannot answer: PostgreSQL reads the whole table. A GIN index on the
expression can. FerretDB makes its tables as they are first written to: an event trigger adds the indexes.
"""

from typing import Final

import asyncpg

_FIELDS: Final = {"messages": ("plan_id",), "plans": ("_id", "workspace_id")}
"""By collection: what is asked for by equality (libs/mongo)."""

_CASES: Final = "".join(f"when '{name}' then array{list(fields)}\n" for name, fields in _FIELDS.items())

_FUNCTIONS: Final = f"""
create or replace function public.index_fields(collection regclass) returns void language plpgsql as $$
declare
    kept text := (select relname from pg_class where oid = collection);
    name text := regexp_replace(kept, '_[0-9a-f]{{8}}$', '');  -- FerretDB adds a hash
    field text;
begin
    foreach field in array coalesce(case name {_CASES} end, '{{}}') loop
        execute format('create index if not exists %I on %s using gin ((_jsonb->%L) jsonb_path_ops)',
            left(kept || '_equal_' || field, 63), collection, field);
    end loop;
end $$;

create or replace function public.index_new_collection() returns event_trigger language plpgsql as $$
begin
    perform public.index_fields(objid::regclass) from pg_event_trigger_ddl_commands()
        where command_tag = 'CREATE TABLE';
end $$;
"""  # noqa: S608  our own words

_TRIGGER: Final = """
create event trigger index_new_collection on ddl_command_end when tag in ('CREATE TABLE')
    execute function public.index_new_collection()
"""

_COLLECTIONS: Final = """
select attrelid from pg_attribute join pg_class on pg_class.oid = attrelid
    where attname = '_jsonb' and relkind = 'r'
"""


async def ensure_indexes(address: str) -> None:
    """Sets up FerretDB's database at `address`, once; as its superuser. Raises what asyncpg raises."""
    connection = await asyncpg.connect(address, timeout=5)
    try:
        if await connection.fetchval("select 1 from pg_event_trigger where evtname = 'index_new_collection'"):
            return
        async with connection.transaction():
            await connection.execute(_FUNCTIONS)
            await connection.execute(_TRIGGER)
            await connection.execute(f"select public.index_fields(attrelid) from ({_COLLECTIONS}) as made")  # noqa: S608
    finally:
        await connection.close()
