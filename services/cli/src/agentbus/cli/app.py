"""The `agentbus` command: registers what the other modules of this package offer, and nothing else."""

import typer

from agentbus.cli import access, demo, dlq, rebuild, run, system, tap, verify
from agentbus.observability.setup import configure

app = typer.Typer(
    name="agentbus",
    help="The message-bus backbone for AI-agent runs.",
    no_args_is_help=True,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
    pretty_exceptions_show_locals=False,
)
for part in (system, demo, run, access, tap, dlq, verify, rebuild):
    part.register(app)


def main() -> None:
    """Entry point of the installed script."""
    configure("cli", level="WARNING", format="console")
    app()
