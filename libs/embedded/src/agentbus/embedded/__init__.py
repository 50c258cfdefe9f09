"""The whole system on one machine without Docker or root: fetch, start, wait, stop."""
