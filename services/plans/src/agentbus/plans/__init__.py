"""The REST plan service: submit, read, approve."""
