"""Somebody else's program that is posted to: it verifies what comes, as docs/webhooks.md says."""

import base64
import hmac
import json
import threading
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any


@dataclass(slots=True)
class Receiver:
    """What has come: bodies with their headers, names in lower case."""

    url: str
    posted: list[tuple[bytes, dict[str, str]]] = field(default_factory=list[Any])

    def verified(self, secret: str) -> list[dict[str, Any]]:
        """Return the events whose signature holds."""
        return [json.loads(body) for body, headers in self.posted if holds(secret, body, headers)]


def holds(secret: str, body: bytes, headers: dict[str, str]) -> bool:
    """Tell whether one of a message's signatures was made with the secret."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    expected = "v1," + base64.b64encode(hmac.digest(key, signed, sha256)).decode()
    signatures = headers["webhook-signature"].split(" ")
    return any(hmac.compare_digest(expected, signature) for signature in signatures)


@contextmanager
def receiving() -> Generator[Receiver]:
    """Listen on a port of this machine inside the block."""
    posted: list[tuple[bytes, dict[str, str]]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            posted.append((body, {name.lower(): value for name, value in self.headers.items()}))
            self.send_response(204)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # its parent's
            """Say nothing: the story is told elsewhere."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield Receiver(f"http://127.0.0.1:{server.server_port}/", posted)
    finally:
        server.shutdown()
        server.server_close()
