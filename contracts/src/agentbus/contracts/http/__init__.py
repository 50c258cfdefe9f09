"""HTTP bodies: what services answer and accept, and how they say what went wrong."""
