"""The write side: the log's figures in PostgreSQL, exact over crashes and redelivery (C4, 0030)."""
