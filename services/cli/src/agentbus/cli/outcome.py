"""How a command ends: our errors become a message on standard error and an exit code. Used by every command.

Exit codes: 0 done; 1 it could not be done; 3 the system is not running; 130 interrupted, everything stopped.
"""

import asyncio
import signal
from collections.abc import Coroutine
from typing import Any, Final, NoReturn, TypeVar

import typer
from rich.console import Console

from agentbus.embedded.errors import NotRunning
from agentbus.kernel.errors import AgentbusError

T = TypeVar("T")

_FAILED: Final = 1
_NOT_RUNNING: Final = 3
_INTERRUPTED: Final = 130


def run(work: Coroutine[Any, Any, T]) -> T:
    """Runs a command's coroutine. Ctrl-C and SIGTERM cancel it, so that it can clean up."""
    try:
        return asyncio.run(_cancelled_by_sigterm(work))
    except NotRunning as error:
        fail(error.message, _NOT_RUNNING)
    except AgentbusError as error:
        fail(error.message)
    except (KeyboardInterrupt, asyncio.CancelledError):
        raise typer.Exit(_INTERRUPTED) from None


def fail(message: str, code: int = _FAILED) -> NoReturn:
    """Prints the message on standard error and exits with `code`."""
    Console(stderr=True, highlight=False).print(f"[red]error:[/red] {message}", soft_wrap=True)
    raise typer.Exit(code)


async def _cancelled_by_sigterm(work: Coroutine[Any, Any, T]) -> T:
    task = asyncio.ensure_future(work)
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    return await task
