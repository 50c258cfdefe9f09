"""A model API for tests: a real HTTP server on a free port that speaks OpenAI chat completions by script."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class ToolCall:
    name: str
    arguments: dict[str, Any]


@dataclass
class Refusal:
    status: int


Answer = str | ToolCall | Refusal


@dataclass
class ModelServer:
    base_url: str
    answers: list[Answer]
    requests: list[dict[str, Any]] = field(default_factory=list)


@contextmanager
def model_server(*answers: Answer) -> Iterator[ModelServer]:
    server = ModelServer("", list(answers))

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            request = json.loads(self.rfile.read(int(self.headers["content-length"])))
            server.requests.append(request)
            answer: Answer = server.answers.pop(0) if server.answers else Refusal(400)
            if isinstance(answer, Refusal):
                self._send(
                    answer.status, "application/json", b'{"error":{"message":"refused by the script"}}'
                )
            elif request.get("stream"):
                assert isinstance(answer, str)
                self._send(200, "text/event-stream", _events(request, answer))
            else:
                self._send(200, "application/json", json.dumps(_completion(request, answer)).encode())

        def log_message(self, *args: Any) -> None:
            pass

        def _send(self, status: int, content_type: str, body: bytes) -> None:
            self.send_response(status)
            self.send_header("content-type", content_type)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    http.daemon_threads = True
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    server.base_url = f"http://127.0.0.1:{http.server_address[1]}/v1"
    try:
        yield server
    finally:
        http.shutdown()
        thread.join()
        http.server_close()


USAGE = {"prompt_tokens": 120, "completion_tokens": 30, "total_tokens": 150}


def _head(request: dict[str, Any], kind: str) -> dict[str, Any]:
    return {"id": "answer-1", "object": kind, "created": 1_700_000_000, "model": request["model"]}


def _completion(request: dict[str, Any], answer: str | ToolCall) -> dict[str, Any]:
    message: dict[str, Any] = {"role": "assistant", "content": answer}
    reason = "stop"
    if isinstance(answer, ToolCall):
        function = {"name": answer.name, "arguments": json.dumps(answer.arguments)}
        message = {
            "role": "assistant",
            "content": None,
            "tool_calls": [{"id": "call-1", "type": "function", "function": function}],
        }
        reason = "tool_calls"
    choice = {"index": 0, "message": message, "finish_reason": reason}
    return {**_head(request, "chat.completion"), "choices": [choice], "usage": USAGE}


def _events(request: dict[str, Any], answer: str) -> bytes:
    head = _head(request, "chat.completion.chunk")
    pieces = [answer[at : at + 8] for at in range(0, len(answer), 8)]
    chunks: list[dict[str, Any]] = [
        {**head, "choices": [{"index": 0, "delta": {"role": "assistant", "content": piece}}]}
        for piece in pieces
    ]
    chunks.append({**head, "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})
    chunks.append({**head, "choices": [], "usage": USAGE})
    return (
        b"".join(b"data: " + json.dumps(chunk).encode() + b"\n\n" for chunk in chunks) + b"data: [DONE]\n\n"
    )
