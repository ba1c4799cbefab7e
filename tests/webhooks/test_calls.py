"""What a call to a receiver never does: elsewhere, longer, further, to another than it names."""

import ipaddress
import socket
import ssl
import subprocess
import time
from contextlib import suppress
from http.client import HTTPException, HTTPResponse
from itertools import cycle
from threading import Thread

import pytest
from django.utils import timezone

from tests import factories
from tests.webhooks.receiver import HOST, Receiver, guard_of_tests, to_here
from zone.access.addresses import read_url
from zone.models import ApprovedHost, WebhookDelivery
from zone.webhooks import sending
from zone.webhooks.dispatch import step
from zone.webhooks.guard import Guard

AT_ONCE = 4  # seconds, on a busy machine; all that is left to itself here takes longer


def one_step(guard):
    for _ in range(2):
        step(timezone.now(), guard)


@pytest.mark.django_db(transaction=True)
def test_without_the_tests_own_guard_this_machine_is_out_of_reach(receiver, endpoint_of):
    endpoint = endpoint_of(receiver)
    factories.make_delivery(endpoint)
    one_step(Guard(to_here))
    assert receiver.got == []
    assert WebhookDelivery.objects.get().last_fault == "REFUSED"
    one_step(guard_of_tests(besides=(ipaddress.ip_network("127.0.0.2/32"),)))
    assert receiver.got == []


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(receiver, endpoint_of, status):
    inner = Receiver()
    try:
        endpoint = endpoint_of(receiver)
        receiver.status, receiver.headers = status, {"Location": f"http://127.0.0.1:{inner.port}/"}
        factories.make_delivery(endpoint)
        one_step(guard_of_tests())
        assert (len(receiver.got), inner.got) == (1, [])
        assert WebhookDelivery.objects.get().last_status == status
    finally:
        inner.close()


@pytest.mark.django_db(transaction=True)
def test_a_name_that_leads_elsewhere_the_second_time_gains_nothing(receiver, endpoint_of):
    """Asked once for a request: what was checked is what is connected to."""
    answers, asked = cycle([["127.0.0.1"], ["169.254.169.254"]]), []

    def rebind(host, port):
        asked.append(host)
        return next(answers)

    endpoint = endpoint_of(receiver)
    factories.make_delivery(endpoint)
    factories.make_delivery(endpoint)
    step(timezone.now(), guard_of_tests(resolve=rebind))
    assert asked == [HOST, HOST]
    assert len(receiver.got) == 1
    faults = WebhookDelivery.objects.values_list("last_fault", flat=True)
    assert sorted(faults) == ["", "REFUSED"]


@pytest.mark.django_db(transaction=True)
def test_proxies_of_the_environment_are_not_used(receiver, endpoint_of, monkeypatch):
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    factories.make_delivery(endpoint_of(receiver))
    one_step(guard_of_tests())
    assert len(receiver.got) == 1


def answer_with(pieces, pause: float) -> int:
    """Serve one connection on this machine, piece by piece; return the port."""
    server = socket.create_server(("127.0.0.1", 0))

    def serve():
        connection, _address = server.accept()
        with server, connection:
            try:
                for piece in pieces:
                    connection.sendall(piece)
                    time.sleep(pause)
            except OSError:
                return

    Thread(target=serve, daemon=True).start()
    return server.getsockname()[1]


def sent_to(port: int, seconds: float, scheme="http", **options):
    host = ApprovedHost(host=HOST, ports=[port], networks=[], allows_http=True)
    begun = time.monotonic()
    outcome = sending.send(
        f"{scheme}://{HOST}:{port}/",
        {HOST: host},
        {},
        b"{}",
        guard=guard_of_tests(**options),
        seconds=seconds,
    )
    return outcome, time.monotonic() - begun


def test_a_receiver_that_drips_its_answer_gains_no_time():
    outcome, took = sent_to(answer_with(cycle([b"H"]), 0.05), 0.5)
    assert (outcome.fault, took < AT_ONCE) == ("TIMEOUT", True)


def test_one_that_says_nothing_at_the_handshake_gains_none_either():
    outcome, took = sent_to(answer_with(cycle([b""]), 0.05), 0.5, scheme="https")
    assert (outcome.fault, took < AT_ONCE) == ("TIMEOUT", True)


def test_a_head_without_end_is_cut_off():
    outcome, took = sent_to(answer_with(cycle([b"HTTP/1.1 100 Continue\r\n\r\n"]), 0), 0.5)
    assert (outcome.fault, took < AT_ONCE) == ("TIMEOUT", True)


def test_of_an_endless_answer_little_is_read():
    pieces = [b"HTTP/1.1 200 OK\r\n\r\n", *[b"x" * 65536] * 100_000]
    outcome, took = sent_to(answer_with(pieces, 0), 10)
    assert (outcome.status, took < AT_ONCE) == (200, True)


@pytest.mark.parametrize("piece", [b"HTTP/1.1 200 OK\r\n\r\nok", b"", b"HTTP/1.1 2000 OK\r\n\r\n"])
def test_the_answer_is_closed_before_its_wire(piece, monkeypatch):
    """Or it is flushed when it is collected, and Python 3.13 writes to stderr that it failed."""
    answers = []

    class Answer(HTTPResponse):
        def begin(self):
            answers.append(self)
            super().begin()

    monkeypatch.setattr(sending, "HTTPResponse", Answer)
    here, there = socket.socketpair()
    there.sendall(piece)
    there.shutdown(socket.SHUT_WR)
    with there, sending.Wire(here, sending.Deadline(2)) as wire:
        with suppress(HTTPException, OSError):
            sending.post(wire, read_url(f"http://{HOST}/"), {}, b"{}")
        assert [answer.closed for answer in answers] == [True]


def test_a_name_server_that_hangs_gains_no_time():
    outcome, took = sent_to(9, 0.5, resolve=lambda *name: time.sleep(5) or ["127.0.0.1"])
    assert (outcome.fault, took < AT_ONCE) == ("NAME", True)


def no_such_name(host, port):
    raise socket.gaierror


@pytest.mark.parametrize("nowhere", [lambda *name: [], no_such_name])
def test_a_name_that_leads_nowhere_is_a_fault_of_its_own(nowhere):
    assert sent_to(9, 1, resolve=nowhere)[0].fault == "NAME"


def test_a_closed_port_is_no_connection():
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    assert sent_to(port, 1)[0].fault == "CONNECTION"


@pytest.mark.parametrize("piece", [b"", b"nonsense\r\n\r\n", b"HTTP/1.1 2000 OK\r\n\r\n"])
def test_what_is_no_answer_is_no_success(piece):
    outcome, _took = sent_to(answer_with([piece], 0), 2)
    assert (outcome.status, outcome.fault) == (None, "CONNECTION")


# The receiver's papers


def papers(folder, *names: str):
    """Make a certificate for these names and return the file with its key."""
    key, cert, both = (folder / name for name in ("key.pem", "cert.pem", "both.pem"))
    alternatives = ",".join(names)
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
         "-subj", "/CN=test", "-addext", f"subjectAltName={alternatives}",
         "-keyout", key, "-out", cert],
        check=True, capture_output=True,
    )  # fmt: skip
    both.write_bytes(key.read_bytes() + cert.read_bytes())
    return both


def trusting(file):
    return ssl.create_default_context(cafile=file)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("name", "is_trusted", "fault"),
    [
        (f"DNS:{HOST}", True, ""),
        ("DNS:other.example.cn", True, "TLS"),
        ("IP:127.0.0.1", True, "TLS"),  # where it stands is not who it is
        (f"DNS:{HOST}", False, "TLS"),
    ],
)
def test_the_certificate_is_that_of_the_host(tmp_path, endpoint_of, name, is_trusted, fault):
    file = papers(tmp_path, name)
    receiver = Receiver(file)
    try:
        endpoint = endpoint_of(receiver)
        factories.make_delivery(endpoint)
        one_step(guard_of_tests(tls=trusting(file) if is_trusted else None))
        assert len(receiver.got) == (not fault)
        assert WebhookDelivery.objects.get().last_fault == fault
        if not fault:
            assert receiver.got[0]["headers"]["host"] == f"{HOST}:{receiver.port}"
    finally:
        receiver.close()
