"""Who in the team does what, in which order: the tools of each agent, and when they are worth running."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from agentbus.contracts.payloads import Step


@dataclass(frozen=True)
class Task:
    """One tool used by one agent. `tool` names a module in `tools/`."""

    tool: str
    agent: str
    description: str
    python_only: bool = False

    def step(self) -> Step:
        """Returns the task as people see it in the plan."""
        return Step(id=self.tool, agent=self.agent, description=self.description)


TASKS: Final = (
    Task("inventory", "surveyor", "Take inventory: languages, files, lines"),
    Task("tests_found", "surveyor", "Find the tests"),
    Task("dependencies", "surveyor", "Read the manifests of dependencies"),
    Task("licences", "surveyor", "Recognise the licences"),
    Task("syntax", "analyst", "Parse every source file"),
    Task("lint", "analyst", "Lint Python with ruff", python_only=True),
    Task("complexity", "analyst", "Measure cyclomatic complexity with radon", python_only=True),
    Task("duplicates", "analyst", "Find copied code"),
    Task("dead_code", "analyst", "Find unused Python code with vulture", python_only=True),
    Task("secrets", "auditor", "Look for secrets with detect-secrets"),
    Task("security", "auditor", "Look for insecure Python with bandit", python_only=True),
    Task("markers", "auditor", "Collect what was left open"),
)


def worthwhile(survey: Mapping[str, Any]) -> list[Task]:
    """Returns the tasks that make sense for a tree with these files: none for an empty one."""
    if not survey["files"]:
        return []
    return [task for task in TASKS if survey["python_files"] or not task.python_only]
