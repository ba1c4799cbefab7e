"""gunicorn as in production, for what a test client hides: bodies, headers, workers."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from urllib.error import URLError
from urllib.parse import quote
from urllib.request import urlopen

from django.conf import settings
from django.core.servers.basehttp import ThreadedWSGIServer
from django.db import connection

START_LIMIT = 60  # seconds until the first worker answers
DRAIN_LIMIT = 30  # seconds until what is being answered has been


@contextmanager
def served(log=subprocess.DEVNULL, **environ: str) -> Iterator[str]:
    """Serve what this test has committed; yields ``host:port``."""
    host = f"127.0.0.1:{free_port()}"
    command = [sys.executable, "-m", "gunicorn", "--config", "zone/gunicorn.py", "zone.wsgi"]
    settled = {"DATABASE_URL": url(), "GUNICORN_BIND": host, "GUNICORN_WORKERS": "1"}
    process = subprocess.Popen(
        command,
        cwd=settings.BASE_DIR,
        env=os.environ | settled | environ,
        stdout=log,
        stderr=subprocess.STDOUT,
    )
    try:
        wait_for(host, process)
        yield host
    finally:
        process.terminate()
        process.wait(30)


def url() -> str:
    found = connection.settings_dict
    user, password = quote(found["USER"]), quote(found["PASSWORD"])
    return f"postgresql://{user}:{password}@{found['HOST']}:{found['PORT']}/{found['NAME']}"


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def wait_for(host: str, process: subprocess.Popen):
    until = time.monotonic() + START_LIMIT
    while time.monotonic() < until:
        assert process.poll() is None, "gunicorn has ended"
        try:
            with urlopen(f"http://{host}/healthz", timeout=5):
                return
        except (URLError, TimeoutError):
            time.sleep(0.05)
    raise AssertionError("gunicorn does not answer")


class DrainingServer(ThreadedWSGIServer):
    """The server behind ``live_server``, which a test can see to the end of what it was asked.

    Django sets ``settings._wrapped`` to None for a moment while a test's settings are taken away:
    a request that is still answered then fails. A request that outlives its test also finds the
    tables being emptied.
    """

    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.open: set[socket.socket] = set()

    def process_request(self, request: socket.socket, client_address: tuple) -> None:
        self.open.add(request)
        super().process_request(request, client_address)

    def close_request(self, request: socket.socket) -> None:
        super().close_request(request)
        self.open.discard(request)

    def drain(self) -> None:
        """Wait until every connection has had its answers; no further request is read from it."""
        self.accept_all()
        for request in self.open.copy():
            with suppress(OSError):  # closed meanwhile
                request.shutdown(socket.SHUT_RD)
        until = time.monotonic() + DRAIN_LIMIT
        while self.open:
            assert time.monotonic() < until, "a request is still being answered"
            time.sleep(0.002)

    def accept_all(self) -> None:
        """Connections are accepted in their order: once this one has been, so have all before."""
        with socket.create_connection(self.server_address[:2], DRAIN_LIMIT) as last:
            last.shutdown(socket.SHUT_WR)
            last.recv(1)
