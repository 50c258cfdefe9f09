"""The teams that come with agentbus, as clients see them; the runner has their code."""

from typing import Final

from agentbus.contracts.payloads import Agent, Team

REVIEW: Final = Team(
    team_id="review",
    name="Code review",
    description="Reviews a source tree with real tools. Needs no key and no network. Input: dir.",
    agents=[
        Agent(name="planner", description="Decides on the steps."),
        Agent(
            name="surveyor", description="Takes inventory: files, languages, tests, dependencies, licences."
        ),
        Agent(name="analyst", description="Syntax, lint, complexity, duplicate and dead code."),
        Agent(name="auditor", description="Secrets, insecure code, open TODOs."),
        Agent(name="reporter", description="Ranks the findings and writes the report."),
    ],
)
MODEL: Final = Team(
    team_id="model",
    name="Model-backed review",
    description="The review team, planned and written by a model behind an OpenAI-compatible API.",
    agents=REVIEW.agents,
)
TEAMS: Final[dict[str, Team]] = {team.team_id: team for team in (REVIEW, MODEL)}
DEFAULT_TEAM_ID: Final = REVIEW.team_id
