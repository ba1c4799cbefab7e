"""Nothing personal in log lines and error reports, whoever wrote them."""

import logging
import re

from django.views.debug import ExceptionReporter, SafeExceptionReporterFilter

from zone.masking import masked_text

# What people searched for is theirs: a number typed with blanks would pass any mask.
QUERY_VALUE = re.compile(r"([?&][^=&\s\"'<>]{1,100}=)[^&\s\"'<>]+")


def clean(text: str) -> str:
    """Mask numbers, and leave the names alone of what stands in a query string."""
    return masked_text(QUERY_VALUE.sub(r"\1…", text.replace("&amp;", "&")))


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
