"""gunicorn as in production, for what a test client hides: bodies, headers, workers."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.error import URLError
from urllib.parse import quote
from urllib.request import urlopen

from django.conf import settings
from django.db import connection

START_LIMIT = 30  # seconds until the first worker answers


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
            urlopen(f"http://{host}/healthz", timeout=5)
            return
        except URLError:
            time.sleep(0.05)
    raise AssertionError("gunicorn does not answer")
