"""Workspaces, their documents, the audit trail, conflicts, secrets and the outbox."""

from agentbus.postgres import outbox
from agentbus.postgres.migrations import execute

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Makes the tables.

    Documents are `json`, not `jsonb`: they come back as they went in, NUL characters and the order of keys
    included. What lists are filtered by stands in columns beside them.
    """
    execute(
        """
        create table workspaces (
            workspace_id text primary key,
            seq bigint not null default 0,
            conflicts bigint not null default 0,
            created_at timestamptz not null default now()
        )
        """,
        """
        create table documents (
            workspace_id text not null references workspaces,
            collection text not null check (collection in ('tasks', 'environments')),
            id text not null,
            seq bigint not null,
            document json not null,
            deleted boolean not null,
            status text,
            archived boolean not null,
            search text not null,
            changed_by text not null,
            primary key (workspace_id, collection, id)
        )
        """,
        "create unique index documents_by_seq on documents (workspace_id, collection, seq)",
        """
        create table audit (
            workspace_id text not null references workspaces,
            seq bigint not null,
            collection text not null,
            id text not null,
            action text not null check (action in ('created', 'updated', 'deleted')),
            changed_at timestamptz not null,
            changed_by text not null,
            origin text not null,
            address text,
            before json,
            document json not null,
            status text,
            archived boolean not null,
            search text not null,
            primary key (workspace_id, seq)
        )
        """,
        "create index audit_by_document on audit (workspace_id, collection, id, seq)",
        """
        create table conflicts (
            workspace_id text not null references workspaces,
            number bigint not null,
            digest bytea not null,
            kind text not null check (kind in ('conflict', 'rejected')),
            collection text not null,
            id text not null,
            fields text[] not null,
            client json not null,
            server json,
            server_seq bigint not null,
            server_changed_by text,
            reason text not null,
            recorded_at timestamptz not null,
            recorded_by text not null,
            undone_at timestamptz,
            undone_by text,
            undone_seq bigint,
            primary key (workspace_id, number),
            unique (workspace_id, digest)
        )
        """,
        """
        create table secrets (
            workspace_id text not null,
            environment_id text not null,
            name text not null,
            ciphertext bytea not null,
            updated_at timestamptz not null,
            updated_by text not null,
            primary key (workspace_id, environment_id, name)
        )
        """,
        outbox.TABLE,
    )
