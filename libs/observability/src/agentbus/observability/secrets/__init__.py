"""Secrets in what agents, people and programs say: found by shape and by context, and cut out."""
