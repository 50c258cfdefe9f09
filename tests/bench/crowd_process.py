"""Sockets that only count what they get, in a process of their own. Run by `bench.workspace`.

Arguments: port, path, how many. Says `open` when all of them have had a frame, and the number of them that
are still open at the end, which comes with the end of standard input.
"""

import asyncio
import sys

from bench.socket_clients import counting_clients
from support.eventually import eventually


async def _crowd(port: int, path: str, number: int) -> None:
    async with counting_clients(port, path, number) as clients:

        def all_open() -> None:
            assert all(each.received > 300 for each in clients)

        await eventually(all_open, within=120)
        print("open", flush=True)
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
        print(sum(not each.closed for each in clients), flush=True)


if __name__ == "__main__":
    asyncio.run(_crowd(int(sys.argv[1]), sys.argv[2], int(sys.argv[3])))
