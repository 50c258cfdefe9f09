"""The one command: agentbus."""
