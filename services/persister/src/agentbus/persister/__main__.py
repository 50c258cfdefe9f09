"""`python -m agentbus.persister`."""

from agentbus.chassis.serve import main
from agentbus.persister.app import SERVICE, build
from agentbus.persister.settings import PersisterSettings

if __name__ == "__main__":
    main(SERVICE, PersisterSettings, build)
