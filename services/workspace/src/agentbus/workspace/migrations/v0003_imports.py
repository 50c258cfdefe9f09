"""Imports from localStorage: what each brought, where that stands, whether it was confirmed or undone."""

from agentbus.postgres.migrations import execute

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Makes the tables. `seq` is the change that holds an item; none: it was recorded as a conflict."""
    execute(
        """
        create table imports (
            workspace_id text not null references workspaces,
            import_id text not null,
            state text not null check (state in ('applied', 'confirmed', 'undone')),
            report json not null,
            created_at timestamptz not null,
            created_by text not null,
            confirmed_at timestamptz,
            undone_at timestamptz,
            primary key (workspace_id, import_id)
        )
        """,
        """
        create table import_items (
            workspace_id text not null,
            import_id text not null,
            collection text not null,
            id text not null,
            came text not null,
            kept text not null,
            outcome text not null check (outcome in ('imported', 'unchanged', 'conflict')),
            seq bigint,
            undone_seq bigint,
            primary key (workspace_id, import_id, collection, came),
            foreign key (workspace_id, import_id) references imports
        )
        """,
        "create index import_items_by_content on import_items (workspace_id, collection, came)",
        "create index import_items_by_seq on import_items (workspace_id, seq)",
        "create index import_items_by_undone_seq on import_items (workspace_id, undone_seq)",
    )
