"""Those whom channels tell: a real HTTP server that can fail first or keep waiting, a real SMTP server."""

import base64
import hashlib
import hmac
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from agentbus.embedded.ports import choose

Answer = Callable[[], int | None]
"""Gives the status to answer with; None: the connection is cut without one."""


@dataclass
class Post:
    """A request that came."""

    headers: dict[str, str]
    body: bytes

    @property
    def change(self) -> dict[str, Any]:
        return dict(json.loads(self.body))

    def signed_by(self, secret: str) -> bool:
        """Whether the signature is right, by a reading of the specification of our own."""
        number, moment = self.headers["webhook-id"], self.headers["webhook-timestamp"]
        signed = f"{number}.{moment}.".encode() + self.body
        digest = hmac.new(secret.encode(), signed, hashlib.sha256).digest()
        return self.headers["webhook-signature"] == "v1," + base64.b64encode(digest).decode()


@dataclass
class Receiver:
    """An HTTP server; `answers` are used up first, then it answers 204."""

    answers: list[Answer] = field(default_factory=list)
    posts: list[Post] = field(default_factory=list)
    taken: list[Post] = field(default_factory=list)
    url: str = ""

    def transitions(self) -> list[str]:
        """What was answered with success, in order."""
        return [post.change["transition"] for post in self.taken]

    def take(self, post: Post) -> int | None:
        self.posts.append(post)
        status = self.answers.pop(0)() if self.answers else 204
        if status is not None and status < 300:
            self.taken.append(post)
        return status


@contextmanager
def receiving(*answers: Answer) -> Iterator[Receiver]:
    """Runs a receiver on a free port of this machine."""
    receiver = Receiver(list(answers))

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            status = receiver.take(Post(headers, body))
            if status is None:
                self.close_connection = True
                self.connection.close()
                return
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            pass

        def finish(self) -> None:
            with suppress(OSError, ValueError):  # the other side is gone
                super().finish()

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        receiver.url = f"http://127.0.0.1:{server.server_port}/hook-key-that-nobody-may-see"
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield receiver
        finally:
            server.shutdown()
            thread.join()


@dataclass
class Mailbox:
    """Mails that an SMTP server took."""

    port: int
    mails: list[EmailMessage] = field(default_factory=list)

    def texts(self) -> list[str]:
        """What people read of them."""
        return [str(mail.get_content()) for mail in self.mails]

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802  its name there
        assert isinstance(envelope.content, bytes)
        mail = message_from_bytes(envelope.content, policy=default)
        assert isinstance(mail, EmailMessage)
        self.mails.append(mail)
        return "250 OK"


@contextmanager
def mailing() -> Iterator[Mailbox]:
    """Runs an SMTP server on a free port of this machine."""
    mailbox = Mailbox(choose(set()))
    controller = Controller(mailbox, hostname="127.0.0.1", port=mailbox.port)
    controller.start()
    try:
        yield mailbox
    finally:
        controller.stop()
