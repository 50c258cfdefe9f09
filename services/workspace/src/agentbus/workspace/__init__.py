"""Tasks and environments, shared in real time, offline first."""
