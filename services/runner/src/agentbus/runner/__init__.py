"""Executes plans and publishes everything that agents do."""
