"""What a statement is called: operation and tables, never a value, and few names (H1, H2)."""

import pytest

from agentbus.postgres import statements
from agentbus.postgres.statements import label, summary


@pytest.mark.parametrize(
    ("query", "name"),
    [
        (
            "select seq from workspace.workspaces where workspace_id = $1 for update",
            "SELECT workspace.workspaces",
        ),
        (
            "\n  insert into workspace.audit (workspace_id, seq)\n  values ($1, $2)\n",
            "INSERT workspace.audit",
        ),
        (
            "insert into workspace.documents (id) values ($1) on conflict (id) do update set seq = 1",
            "INSERT workspace.documents",
        ),
        ("update telemetry.plans set status = $2 where plan_id = $1", "UPDATE telemetry.plans"),
        ('delete from "workspace".outbox where id = any($1)', "DELETE workspace.outbox"),
        (
            "select * from telemetry.plans join telemetry.actions using (id) where x is distinct from $1",
            "SELECT telemetry.plans telemetry.actions",
        ),
        (
            "with gone as (delete from telemetry.actions where at < $1 returning 1) select 1 from gone",
            "DELETE telemetry.actions",
        ),
        ("with recent as (select * from a.b) select * from recent", "SELECT a.b"),
        ("select * from unnest($1::text[]) as given", "SELECT unnest"),
        ("select pg_notify($1, '')", "SELECT pg_notify"),
        ("select 1", "SELECT"),
        ("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;", "BEGIN"),
        ("COMMIT;", "COMMIT"),
        ("listen workspace_outbox", "LISTEN"),
        ("", "other"),
    ],
)
def test_a_statement_is_called_by_what_it_does(query: str, name: str) -> None:
    assert summary(query) == name


def test_names_are_few_whatever_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(statements, "_named", set())
    names = {label(f"select * from s.table_{number}") for number in range(1000)}
    assert len(names) == 201
    assert "other" in names
    assert label("select * from s.table_0") == "SELECT s.table_0"
