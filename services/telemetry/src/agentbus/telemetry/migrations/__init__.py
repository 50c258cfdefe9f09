"""The schema `telemetry`, step by step. Applied at the service's start, each once, in order (0024)."""
