"""Nothing personal in log lines and error reports, whoever wrote them."""

import logging
import re
import traceback
from collections.abc import Iterator
from copy import copy

from django.views.debug import ExceptionReporter, SafeExceptionReporterFilter
from gunicorn.glogging import Logger

from zone.database.outages import in_one_line, is_disk_full, is_outage
from zone.privacy.masking import masked_text

# What people searched for is theirs: a number typed with blanks would pass any mask.
QUERY = re.compile(r"(?<![^\s\"'?])([^\s\"'?/]*+/[^\s\"'?]*+)\?[^\s\"'].*?(?= HTTP/\d|[\"'<\n]|$)")
READ, EDGE = 20_000, 300  # characters; at the edge a number may have lost its end
LONGEST = 2_000  # characters; a line of ours has some hundreds


def clean(text: str) -> str:
    """Mask numbers, and leave nothing of a query string."""
    return masked_text(QUERY.sub(r"\1?…", text))


def one_line(text: str) -> str:
    """Return ``text`` masked, cut, and without what begins a line or commands a terminal."""
    text = clean(text) if len(text) <= READ else clean(text[:READ])[:-EDGE]
    if len(text) > LONGEST:  # what is cut has been masked as a whole
        text = f"{text[:LONGEST]}…"
    return "".join(sign if sign.isprintable() else _escaped(sign) for sign in text)


def _escaped(sign: str) -> str:
    return sign.encode("unicode_escape").decode("ascii")


class MaskedFormatter(logging.Formatter):
    """One masked line for each record; only errors of the code bring a traceback."""

    def format(self, record):
        record = copy(record)
        record.exc_text = None  # another handler's, neither masked nor escaped
        if record.exc_info and (words := _without_traceback(record)):
            record.msg, record.args, record.exc_info = words, (), None
        return super().format(record)

    def formatMessage(self, record):
        return one_line(super().formatMessage(record))

    def formatException(self, exc_info):
        report = traceback.TracebackException(*exc_info, compact=True)
        for error in _errors(report):
            said = one_line("".join(error.format_exception_only()).rstrip("\n"))
            error.format_exception_only = lambda said=said, **how: [f"{said}\n"]
        return clean("".join(report.format()).rstrip("\n"))

    def formatStack(self, stack_info):
        return clean(stack_info)


def _without_traceback(record: logging.LogRecord) -> str:
    """Return what a line says of a refused request or an outage, neither a fault of the code."""
    message, fault = record.getMessage(), record.exc_info[1]
    if is_outage(fault) or is_disk_full(fault):
        return f"{message}: {in_one_line(fault)}"
    if 400 <= getattr(record, "status_code", 0) < 500:
        reason = str(fault)
        return message if reason in message else f"{message}: {reason}"
    return ""


def _errors(report: traceback.TracebackException) -> Iterator[traceback.TracebackException]:
    """Yield each error that a traceback tells of: causes, contexts, members of groups."""
    waiting = [report]
    while waiting:
        error = waiting.pop()
        yield error
        waiting += filter(None, (error.__cause__, error.__context__, *(error.exceptions or ())))


class MaskedFilter(SafeExceptionReporterFilter):
    """Keeps what was posted, and every local variable, out of production's error reports."""

    def get_post_parameters(self, request):
        posted = super().get_post_parameters(request)
        if not self.is_active(request):
            return posted
        return dict.fromkeys(posted, self.cleansed_substitute)

    def get_traceback_frame_variables(self, request, tb_frame):
        if not self.is_active(request):
            return super().get_traceback_frame_variables(request, tb_frame)
        return []


class MaskedReporter(ExceptionReporter):
    """Masks the finished report: its address line, its exception, its values."""

    def get_traceback_html(self):
        return clean(super().get_traceback_html())

    def get_traceback_text(self):
        return clean(super().get_traceback_text())


class ServerLogger(Logger):
    """gunicorn's own lines, those about requests it cannot read, without anything personal."""

    def setup(self, cfg):
        super().setup(cfg)
        for handler in (*self.error_log.handlers, *self.access_log.handlers):
            handler.setFormatter(MaskedFormatter(handler.formatter._fmt, self.datefmt))
