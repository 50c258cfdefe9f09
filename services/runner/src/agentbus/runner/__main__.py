"""Runs the runner: `python -m agentbus.runner`."""

from agentbus.chassis.serve import main
from agentbus.runner.app import build
from agentbus.runner.settings import RunnerSettings

if __name__ == "__main__":
    main("runner", RunnerSettings, build)
