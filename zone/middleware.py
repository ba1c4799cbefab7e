from __future__ import annotations

import re
from collections.abc import Callable
from io import BytesIO
from tempfile import SpooledTemporaryFile
from typing import BinaryIO

from django.conf import settings
from django.core.exceptions import BadRequest, RequestDataTooBig
from django.core.handlers.wsgi import LimitedStream
from django.http import HttpRequest, HttpResponse
from django.middleware.gzip import GZipMiddleware
from django.utils import translation

from zone.database.outages import is_disk_full

IN_MEMORY = 512 * 1024  # bytes of a body; what is longer waits in a temporary file
STEP = 64 * 1024


class LengthRequired(BadRequest):
    """The server in front passes no body on whose length it is not told."""


class WholeBodyMiddleware:
    """Lets a body be read whole or not at all.

    Django reads as many bytes as ``Content-Length`` names: of a body in pieces
    (``Transfer-Encoding: chunked``) none, and of one whose connection broke as many as came.
    Either would be taken for what was sent. Whoever reads such a body gets an exception here:
    ``BadRequest``, ``LengthRequired`` or ``RequestDataTooBig``.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if "HTTP_TRANSFER_ENCODING" not in request.META:
            request._stream = WholeStream(request.META["wsgi.input"], request._stream.limit)
            return self.get_response(request)
        stream = request._stream = stream_of_pieces(request)
        # Readers ask for the length first; one that is not 0 lets them come to the stream.
        request.META["CONTENT_LENGTH"] = str(stream.limit)
        try:
            return self.get_response(request)
        finally:
            # The request may live on in a cycle, and with it the file.
            stream.body.close()


class WholeStream(LimitedStream):
    """A body of ``limit`` bytes; one that ends earlier or is too long raises when it is read."""

    def __init__(self, stream: BinaryIO, limit: int):
        super().__init__(stream, limit)
        self.body = stream

    def read(self, size: int = -1, /) -> bytes:
        rest = self._rest()
        wanted = rest if size is None or size < 0 else min(size, rest)
        found = super().read(size)
        if len(found) < wanted:
            raise BadRequest(ENDED)
        return found

    def readline(self, size: int = -1, /) -> bytes:
        rest = self._rest()
        wanted = rest if size is None or size < 0 else min(size, rest)
        found = super().readline(size)
        if len(found) < wanted and not found.endswith(b"\n"):
            raise BadRequest(ENDED)
        return found

    def _rest(self) -> int:
        if self.limit > settings.LARGEST_BODY:
            raise RequestDataTooBig(TOO_LARGE)
        return self.limit - self._pos


class RefusedStream(WholeStream):
    """A body that cannot be read: whoever tries is told why."""

    def __init__(self, refusal: Exception):
        super().__init__(BytesIO(), 1)
        self.refusal = refusal

    def _rest(self) -> int:
        raise self.refusal


def stream_of_pieces(request: HttpRequest) -> WholeStream:
    """Take in a chunked body, as the server in front decodes it, up to ``LARGEST_BODY``."""
    pieces = request.META["wsgi.input"]
    if not request.META.get("wsgi.input_terminated"):
        return RefusedStream(LengthRequired("Send the body with Content-Length."))
    if request.method in READING:
        return RefusedStream(BadRequest("A request that reads has no body."))
    body, size = SpooledTemporaryFile(IN_MEMORY), 0  # noqa: SIM115 (read when this has returned)
    try:
        while piece := pieces.read(STEP):
            size += len(piece)
            if size > settings.LARGEST_BODY:
                raise RequestDataTooBig(TOO_LARGE)
            body.write(piece)
    except Exception as fault:
        body.close()
        if is_disk_full(fault) or isinstance(fault, RequestDataTooBig):
            return RefusedStream(fault)
        # Each server has errors of its own for a chunk that is none and for a lost connection.
        return RefusedStream(BadRequest(f"The body could not be read: {fault!r}"))
    body.seek(0)
    return WholeStream(body, size)


READING = ("GET", "HEAD", "OPTIONS", "TRACE")
ENDED = "The body ended before its Content-Length."
TOO_LARGE = "The body is larger than LARGEST_BODY."


# What no page of ours asks a browser for.
SWITCHED_OFF = (
    "accelerometer",
    "camera",
    "display-capture",
    "geolocation",
    "gyroscope",
    "magnetometer",
    "microphone",
    "midi",
    "payment",
    "usb",
)
PERMISSIONS_POLICY = ", ".join(f"{feature}=()" for feature in SWITCHED_OFF)


class PageCompressionMiddleware(GZipMiddleware):
    """Compresses pages: no page has a secret beside the caller's text (BREACH).

    The interface is left to the server in front: compressed here, its ETags would be weak ones.
    """

    def process_response(self, request, response):
        if request.path_info.startswith("/api/"):
            return response
        return super().process_response(request, response)


class PermissionsPolicyMiddleware:
    """Switches off in the browser what a page of ours never needs."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response.headers["Permissions-Policy"] = PERMISSIONS_POLICY
        return response


class SavedDraftMiddleware:
    """Names the draft that was saved, so that the browser keeps it no longer.

    A form that was saved leads on to another page; one that is drawn again was not, nor was one
    whose answer says so (``keeps_draft``).
    """

    COOKIE, SHAPE = "saved_draft", re.compile(r"[\w-]{8,40}")
    AGE = 60 * 60  # seconds; the next page reads it

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        came = getattr(request, "came_through", False)
        if came and request.method == "POST" and self._saved(response):
            draft = request.POST.get("_draft", "")
            if self.SHAPE.fullmatch(draft):
                secure = settings.SESSION_COOKIE_SECURE
                response.set_cookie(self.COOKIE, draft, self.AGE, secure=secure, samesite="Lax")
        return response

    def process_view(self, request, view, args, kwargs):
        # What a step of the login turns away never comes here.
        request.came_through = request.path_info.startswith("/admin/")

    @staticmethod
    def _saved(response: HttpResponse) -> bool:
        if response.status_code == 302:
            return not hasattr(response, "keeps_draft")
        context = getattr(response, "context_data", None)
        return (
            response.status_code == 200 and bool(context) and not {"form", "adminform"} & {*context}
        )


class ChosenLanguageMiddleware:
    """Activate the language of the switch's cookie, else the default.

    A specialist's phone set to English still opens the zone's Chinese pages.
    """

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        chosen = request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME)
        known = chosen in dict(settings.LANGUAGES)
        with translation.override(chosen if known else settings.LANGUAGE_CODE):
            request.LANGUAGE_CODE = translation.get_language()
            response = self.get_response(request)
            # A TemplateResponse that is still lazy would be drawn outside the language.
            if hasattr(response, "render") and not response.is_rendered:
                response = response.render()
        response.headers.setdefault("Content-Language", request.LANGUAGE_CODE)
        return response
