"""A line of the log for each record: nobody outside begins one, and a refusal is no traceback."""

from __future__ import annotations

import io
import logging

import pytest
from django.core import exceptions
from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.http import Http404, HttpResponse
from django.http.multipartparser import MultiPartParserError
from django.test import Client
from django.urls import path

from zone.privacy.logs import LONGEST, MaskedFormatter, one_line
from zone.urls import handler400  # noqa: F401

FORGED = "2026-01-01 00:00:00,000 ERROR django.request forged"
# What begins a line to some reader of lines, or is a command to a terminal.
SIGNS = [
    *map(chr, (*range(32), *range(127, 160))),
    "\u2028",
    "\u2029",
    "\u202e",
    "\u2066",
    "\ud800",
]


@pytest.fixture
def log():
    """Return what the handler of the settings would have written."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(next(h.formatter for h in logging.getLogger("django.server").handlers))
    loggers = [logging.getLogger(), logging.getLogger("django.server")]
    for logger in loggers:
        logger.addHandler(handler)
    yield stream
    for logger in loggers:
        logger.removeHandler(handler)


def formatted(message: str, *args, error: BaseException | None = None, **more) -> str:
    record = logging.LogRecord("test", logging.ERROR, "", 0, message, args, None)
    record.exc_info = error and (type(error), error, error.__traceback__)
    vars(record).update(more)
    return MaskedFormatter("%(message)s").format(record)


@pytest.mark.parametrize("sign", SIGNS)
def test_no_sign_of_a_message_begins_a_line_or_commands_a_terminal(sign):
    for line in (formatted(f"a{sign}{FORGED}"), formatted("for %s", f"a{sign}{FORGED}")):
        assert line.isprintable()
        assert line.splitlines() == [line]
        assert line.isascii()


def raised(make) -> Exception:
    try:
        make()
    except Exception as error:
        return error
    raise AssertionError


def chain():
    try:
        raise ValueError(f"inner\n{FORGED}\x1b[2J")
    except ValueError as inner:
        raise KeyError(f"outer\r{FORGED}") from inner


def context():
    try:
        raise ValueError(f"inner\u2028{FORGED}")
    except ValueError:
        raise SystemError(f"outer\x85{FORGED}")  # noqa: B904


def noted():
    error = ValueError("a")
    error.add_note(f"b\n{FORGED}")
    raise error


def several():
    raise ExceptionGroup(f"a\n{FORGED}", [raised(chain), raised(noted)])


@pytest.mark.parametrize("make", [chain, context, noted, several])
def test_the_message_of_an_error_forges_no_line_of_its_traceback(make):
    written = formatted("failed", error=raised(make))
    lines = written.split("\n")
    assert all(map(str.isprintable, lines))
    assert [line for line in lines if line.lstrip(" |").startswith(FORGED[:10])] == []
    assert "Traceback (most recent call last):" in written
    assert "forged" in written


def test_what_another_handler_has_made_of_the_error_is_not_written():
    error = raised(chain)
    assert FORGED not in formatted("x", error=error, exc_text=f"y\n{FORGED}").split("\n")
    assert formatted("x", exc_text=f"y\n{FORGED}") == "x"


def test_a_record_without_an_error_at_hand_is_written_all_the_same():
    record = logging.LogRecord("test", logging.ERROR, "", 0, "x", (), (None, None, None))
    assert MaskedFormatter("%(message)s").format(record).startswith("x\n")


@pytest.mark.parametrize("before", range(LONGEST - 30, LONGEST + 5))
@pytest.mark.parametrize(
    "secret", ["13812345678", "zhang.san@example.com", "Key (phone)=(王经理)."]
)
def test_nothing_unmasked_stands_at_the_edge_of_what_was_cut(before, secret):
    line = one_line("," * before + secret + "," * 100)
    assert len(line) <= LONGEST + 1
    assert [part for part in ("12345", "zhang", "san@", "王", "phone") if part in line] == []


REFUSALS = {
    **{
        kind.__name__: kind(f"no\n13812345678 {FORGED}")
        for kind in vars(exceptions).values()
        if isinstance(kind, type) and issubclass(kind, (SuspiciousOperation, exceptions.BadRequest))
    },
    "multipart": MultiPartParserError(f"no\n13812345678 {FORGED}"),
    "denied": PermissionDenied(f"no\n13812345678 {FORGED}"),
    "missing": Http404(f"no\n13812345678 {FORGED}"),
}


def view(request, name):
    raise REFUSALS.get(name) or RuntimeError(f"fault\n13812345678 {FORGED}")


urlpatterns = [path("raise/<name>", view), path("ok", lambda request: HttpResponse())]
handler500 = lambda request: HttpResponse(status=500)  # noqa: E731


@pytest.fixture
def visitor(settings):
    settings.ROOT_URLCONF = __name__
    settings.MIDDLEWARE = []
    return Client(raise_request_exception=False)


@pytest.mark.parametrize("debug", [False, True])
@pytest.mark.parametrize("name", REFUSALS)
def test_a_refused_request_costs_one_line(visitor, log, settings, name, debug):
    settings.DEBUG = debug
    assert 400 <= visitor.get(f"/raise/{name}").status_code < 500
    (line,) = log.getvalue().split("\n")[:-1]
    assert line.isprintable()
    assert "1234567" not in line
    assert ("138****5678" in line) == (name != "missing")  # Django says only which page


def test_a_fault_keeps_its_traceback(visitor, log):
    assert visitor.get("/raise/fault").status_code == 500
    lines = log.getvalue().split("\n")[:-1]
    assert lines[1] == "Traceback (most recent call last):"
    assert lines[-1] == f"RuntimeError: fault\\n138****5678 {FORGED}"


def test_the_kinds_of_refusals_are_those_of_django():
    known = {"DisallowedHost", "DisallowedRedirect", "RequestDataTooBig", "TooManyFieldsSent"}
    known |= {"TooManyFilesSent", "SuspiciousFileOperation", "SuspiciousMultipartForm"}
    assert known < {*REFUSALS}
    for kind in SuspiciousOperation.__subclasses__():
        assert kind.__name__ in REFUSALS or kind.__module__ != "django.core.exceptions"


def test_a_form_in_another_charset_is_refused_and_not_a_fault(client, log):
    """Django's own page for this reads the form again."""
    strict = Client(enforce_csrf_checks=True, raise_request_exception=False)
    strict.cookies["csrftoken"] = "a" * 32
    kind = "application/x-www-form-urlencoded; charset=utf-7"
    assert strict.post("/admin/login/", b"a=1", content_type=kind).status_code == 400
    assert log.getvalue().count("\n") == 1
