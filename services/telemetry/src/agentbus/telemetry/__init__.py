"""Figures per agent and action, from the bus."""
