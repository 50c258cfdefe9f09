"""The teams that come with the runner, and adapters for teams written with other libraries."""
