"""`python -m agentbus.telemetry`: runs the service until it is told to stop."""

from agentbus.chassis.serve import main
from agentbus.telemetry.app import SERVICE, build
from agentbus.telemetry.settings import TelemetrySettings

if __name__ == "__main__":
    main(SERVICE, TelemetrySettings, build)
