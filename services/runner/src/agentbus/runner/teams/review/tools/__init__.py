"""The review's tools: each module has `run(sources)`, and runs in the worker process only."""
