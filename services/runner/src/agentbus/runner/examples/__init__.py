"""Teams to learn from. Try one: `AGENTBUS_TEAMS=agentbus.runner.examples.langgraph_outline:outline_team`."""
