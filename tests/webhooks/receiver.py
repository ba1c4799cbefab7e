"""A receiver as another system runs it: a real server on this machine that keeps what it gets."""

from __future__ import annotations

import ipaddress
import json
import ssl
import time
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

from standardwebhooks.webhooks import Webhook

from zone.webhooks.guard import Guard

LOOPBACK = (ipaddress.ip_network("127.0.0.1/32"),)
HOST = "peer.example.cn"


class Receiver:
    """Answers with ``status`` and ``headers``; ``answers`` are used up first, one a request."""

    def __init__(self, certificate: Path | None = None):
        self.status, self.headers, self.answers = 204, {}, []
        self.seconds = self.drips = 0.0
        self.got: list[dict] = []
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.server.daemon_threads = True
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.scheme = "https" if certificate else "http"
        Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    @property
    def port(self) -> int:
        return self.server.server_port

    def url(self, path: str = "/hook", host: str = HOST) -> str:
        return f"{self.scheme}://{host}:{self.port}{path}"

    @property
    def events(self) -> list[dict]:
        return [json.loads(one["body"]) for one in self.got]

    @property
    def ids(self) -> list[str]:
        return [one["headers"]["webhook-id"] for one in self.got]

    @property
    def twice(self) -> list[str]:
        return [key for key, times in Counter(self.ids).items() if times > 1]

    def verified(self, secret: str, at: int = -1) -> dict:
        """Return what was received, its signature verified as the standard's own library does."""
        return Webhook(secret).verify(self.got[at]["body"], self.got[at]["headers"])

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    def _handler(receiver):  # noqa: N805
        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                headers = {name.lower(): value for name, value in self.headers.items()}
                receiver.got.append({"path": self.path, "headers": headers, "body": body})
                time.sleep(receiver.seconds)
                status, more = receiver.status, receiver.headers
                if receiver.answers:
                    status, more = receiver.answers.pop(0)
                self.send_response(status)
                for name, value in more.items():
                    self.send_header(name, value)
                self.end_headers()

            do_GET = do_POST

            def log_message(self, *words):
                pass

        return Handler


def to_here(host: str = "", port: int = 0) -> list[str]:
    """Resolve every name to this machine."""
    return ["127.0.0.1"]


def guard_of_tests(**options) -> Guard:
    return Guard(**{"resolve": to_here, "besides": LOOPBACK} | options)
