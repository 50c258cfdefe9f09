"""Sockets whose clients cost next to nothing, in a process of their own. Run by `bench.workspace`.

Real clients are on other machines. These read all at once, as soon as the last one has something, instead of
waking up for each frame: what a thousand readers cost here would be measured as the server's. Were they to
leave it unread, this machine would acknowledge their frames one by one, 40 ms later: in the next change.
Arguments: port, path, how many. Says `open` when all of them have had their first frames, and how many are
still open at the end, which comes with the end of standard input.
"""

import select
import socket
import sys
from collections.abc import Iterator

from bench.socket_clients import upgrade_request

_BUFFER = bytearray(1 << 20)


def _opened(port: int, path: str) -> socket.socket:
    opened = socket.create_connection(("127.0.0.1", port), timeout=120)
    opened.sendall(upgrade_request(port, path))
    received = 0
    while received < 300:  # more than the answer to the upgrade alone
        received += opened.recv_into(_BUFFER)
    opened.setblocking(False)
    return opened


def _still_open(sockets: list[socket.socket]) -> Iterator[socket.socket]:
    for each in sockets:
        try:
            if each.recv_into(_BUFFER):
                yield each
        except BlockingIOError:
            yield each
        except ConnectionError:
            pass


def _crowd(port: int, path: str, number: int) -> int:
    sockets = [_opened(port, path) for _ in range(number)]
    print("open", flush=True)
    while sys.stdin not in select.select([sys.stdin, sockets[-1]], [], [])[0]:
        sockets = list(_still_open(sockets))
    return len(sockets)


if __name__ == "__main__":
    print(_crowd(int(sys.argv[1]), sys.argv[2], int(sys.argv[3])), flush=True)
