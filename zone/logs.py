"""Nothing personal in log lines and error reports, whoever wrote them."""

import logging
import re

from django.views.debug import ExceptionReporter, SafeExceptionReporterFilter
from gunicorn.glogging import Logger

from zone.masking import masked_text

# What people searched for is theirs: a number typed with blanks would pass any mask.
QUERY = re.compile(r"(/[^\s\"'?]*)\?[^\s\"'].*?(?= HTTP/\d|[\"'<\n]|$)")


def clean(text: str) -> str:
    """Mask numbers, and leave nothing of a query string."""
    return masked_text(QUERY.sub(r"\1?…", text))


class MaskedFormatter(logging.Formatter):
    """The last net: masks numbers in the finished line, its traceback included."""

    def format(self, record):
        return clean(super().format(record))


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
