"""The log against the message database: what differs, and mending it. The log is right."""
