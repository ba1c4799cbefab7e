"""The server of the browser's tests ends what it was asked before a test's settings go."""

import socket
from collections.abc import Iterator
from threading import Event, Thread

import pytest
from django.conf import settings
from django.core.servers.basehttp import WSGIRequestHandler
from django.test import override_settings

from tests.serving import DrainingServer

ASK = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"


class Application:
    """Answers when it may, and notes what it then read of the settings."""

    def __init__(self) -> None:
        self.asked, self.may_answer, self.read = Event(), Event(), []

    def __call__(self, environ, start_response) -> list[bytes]:
        self.asked.set()
        self.may_answer.wait(10)
        self.read.append(getattr(settings, "OF_THIS_TEST", None))
        start_response("200 OK", [("Content-Length", "2")])
        return [b"ok"]


@pytest.fixture
def application() -> Application:
    return Application()


@pytest.fixture
def server(application) -> Iterator[DrainingServer]:
    server = DrainingServer(("127.0.0.1", 0), WSGIRequestHandler)
    server.set_app(application)
    thread = Thread(target=server.serve_forever, args=[0.01])
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def later(seconds: float, event: Event) -> None:
    Thread(target=lambda: Event().wait(seconds) or event.set()).start()


def test_a_request_that_is_being_answered_ends_with_the_settings_of_its_test(server, application):
    with socket.create_connection(server.server_address) as line:
        with override_settings(OF_THIS_TEST=1):
            line.sendall(ASK)
            assert application.asked.wait(10)
            later(0.2, application.may_answer)
            server.drain()
        assert application.read == [1]
        assert line.recv(1000).startswith(b"HTTP/1.1 200")


def test_without_draining_it_outlives_them(server, application):
    with socket.create_connection(server.server_address) as line:
        with override_settings(OF_THIS_TEST=1):
            line.sendall(ASK)
            assert application.asked.wait(10)
        application.may_answer.set()
        line.recv(1000)
        assert application.read == [None]


def test_what_was_sent_and_not_yet_accepted_is_waited_for_too(server, application):
    application.may_answer.set()
    lines = [socket.create_connection(server.server_address) for _ in range(5)]
    for line in lines:
        line.sendall(ASK)
    server.drain()
    assert len(application.read) == 5
    for line in lines:
        line.close()


def test_a_browsers_idle_connection_holds_nothing_up(server, application):
    application.may_answer.set()
    with socket.create_connection(server.server_address) as line:
        line.sendall(ASK)
        assert line.recv(1000)
        server.drain()
        assert server.open == set()
