"""Stores every message and the plan that they tell, from the bus alone."""
