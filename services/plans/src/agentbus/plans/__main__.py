"""`python -m agentbus.plans`."""

from agentbus.chassis.serve import main
from agentbus.plans.app import SERVICE, build
from agentbus.plans.settings import PlansSettings

if __name__ == "__main__":
    main(SERVICE, PlansSettings, build)
