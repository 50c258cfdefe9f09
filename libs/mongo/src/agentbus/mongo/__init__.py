"""The message database: client, indexes, append and reads."""
