"""`python -m agentbus.workspace`."""

from agentbus.chassis.serve import main
from agentbus.workspace.app import SERVICE, build
from agentbus.workspace.settings import WorkspaceSettings

if __name__ == "__main__":
    main(SERVICE, WorkspaceSettings, build)
