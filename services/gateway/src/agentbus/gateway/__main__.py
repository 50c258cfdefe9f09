"""`python -m agentbus.gateway`."""

from agentbus.chassis.serve import main
from agentbus.gateway.app import SERVICE, build
from agentbus.gateway.settings import GatewaySettings

if __name__ == "__main__":
    main(SERVICE, GatewaySettings, build)
