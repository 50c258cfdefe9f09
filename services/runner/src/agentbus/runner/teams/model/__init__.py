"""The review team, planned and written by a model behind an OpenAI-compatible API."""
