"""Prometheus is told of every service's instances and of nothing else."""

import yaml

from agentbus.embedded.scraping import scrape_config


def test_every_instance_of_every_service_is_scraped() -> None:
    ports = {"kafka": 1, "edge": 2, "plans": 3, "runner-2": 4, "gateway": 5, "gateway-socket": 6}
    (job,) = yaml.safe_load(scrape_config(ports))["scrape_configs"]
    found = {each["targets"][0]: each["labels"] for each in job["static_configs"]}
    assert found == {
        "127.0.0.1:3": {"service": "plans", "part": "plans"},
        "127.0.0.1:4": {"service": "runner", "part": "runner-2"},
        "127.0.0.1:5": {"service": "gateway", "part": "gateway"},
    }
