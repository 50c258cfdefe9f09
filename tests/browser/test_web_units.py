"""The app's own unit tests: how versions merge, how a plan's messages fold."""

import os
import subprocess

from agentbus.embedded.node import find_npm
from agentbus.embedded.progress import silent
from agentbus.embedded.web import SOURCE


def test_what_is_pure_in_the_app() -> None:
    folder, npm = find_npm(silent)
    environment = {**os.environ, "PATH": os.pathsep.join([str(folder), os.environ.get("PATH", "")])}
    done = subprocess.run(
        [*npm, "run", "check"], cwd=SOURCE, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
