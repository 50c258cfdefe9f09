"""Runs supervisord for an owner: when the owner's end of standard input closes, by whatever death, it stops.

Called by `Supervisor.launch` as `python -m agentbus.embedded.supervise CONFIGURATION`.
"""

import os
import signal
import sys
import threading

from supervisor import supervisord  # type: ignore[import-untyped]


def _stop_with_owner() -> None:
    while os.read(0, 1):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    threading.Thread(target=_stop_with_owner, daemon=True).start()
    supervisord.main(["--nodaemon", "--configuration", sys.argv[1]])
