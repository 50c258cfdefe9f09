"""Errors by what the caller does next, clock, backoff and deadlines."""
