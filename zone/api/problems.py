"""Refusals as RFC 9457 problems: what is wrong, where in the body, and what to do."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from http import HTTPStatus
from math import ceil

from django.conf import settings
from django.core.exceptions import (
    BadRequest,
    PermissionDenied,
    RequestDataTooBig,
    ValidationError,
)
from django.db import IntegrityError
from django.http import Http404, UnreadablePostError
from django.utils.translation import gettext_lazy as _
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import set_rollback

from zone.database.outages import is_disk_full, is_outage
from zone.middleware import LengthRequired
from zone.privacy.masking import masked_text

logger = logging.getLogger(__name__)
CONTENT_TYPE = "application/problem+json"
UNAVAILABLE = 5  # seconds, after which a retry may meet a database that is up again
TITLES = {
    400: _("The request cannot be read"),
    401: _("A valid key is needed"),
    403: _("This key may not do this"),
    404: _("Not found"),
    405: _("This is not possible here"),
    406: _("Only JSON is sent"),
    409: _("This conflicts with what is recorded"),
    410: _("The cursor can be followed no longer"),
    411: _("The length has to be named"),
    412: _("The row has changed in the meantime"),
    413: _("The request is too large"),
    415: _("Only JSON is read"),
    422: _("Some values are not valid"),
    428: _("The version has to be named"),
    429: _("Too many requests"),
    500: _("Something failed here"),
    503: _("Not available at the moment"),
}


class Problem(exceptions.APIException):
    """A refusal with its status, code and, where there are several, its errors."""

    def __init__(self, status: int, detail, code: str, *, errors=(), **more):
        super().__init__(detail, code)
        self.status_code, self.code, self.errors, self.more = status, code, list(errors), more

    @property
    def body(self) -> dict:
        """Return the problem document."""
        status = self.status_code
        return {
            "type": "about:blank",
            "title": str(TITLES.get(status, HTTPStatus(status).phrase)),
            "status": status,
            "code": self.code,
            "detail": masked_text(str(self.detail)),
            "errors": self.errors,
            **self.more,
        }


def error(pointer: str, detail, code: str) -> dict[str, str]:
    return {"pointer": pointer, "code": code, "detail": masked_text(str(detail))}


def handle(exception: Exception, context: dict) -> Response:
    """Turn whatever a view raised into a problem; what nobody foresaw is logged and told as 500."""
    set_rollback()
    problem = as_problem(exception, context.get("view"))
    if problem.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR:
        logger.error("%s failed", context["request"].path, exc_info=exception)
    status = problem.status_code
    body = problem.body | {"request_id": getattr(context["request"], "request_id", "")}
    headers = {}
    if wait := getattr(problem, "wait", None):
        headers["Retry-After"] = str(ceil(wait))
    if scheme := getattr(exception, "auth_header", None):
        headers["WWW-Authenticate"] = scheme
    return Response(body, status, headers=headers, content_type=CONTENT_TYPE)


def refused(errors: list[dict]) -> Problem:
    """Return the refusal of a row for all its errors together."""
    twice = all(found["code"] in ("unique", "duplicate") for found in errors)
    status = HTTPStatus.CONFLICT if twice else HTTPStatus.UNPROCESSABLE_ENTITY
    return Problem(status, INVALID, "duplicate" if twice else "invalid", errors=errors)


def as_problem(exception: Exception, view=None) -> Problem:
    if isinstance(exception, Problem):
        return exception
    if isinstance(exception, ValidationError):
        return Problem(422, INVALID, "invalid", errors=list(model_errors(exception)))
    if isinstance(exception, exceptions.ValidationError):
        return Problem(422, INVALID, "invalid", errors=list(field_errors(exception.detail)))
    if isinstance(exception, Http404):
        return Problem(404, _("There is no such row, or it is not within your reach."), "not_found")
    if isinstance(exception, PermissionDenied):
        return Problem(403, _("This row cannot be changed in its present state."), "forbidden")
    if isinstance(exception, exceptions.UnsupportedMediaType):
        kinds = " / ".join(parser.media_type for parser in view.parser_classes)
        return Problem(415, _("Send the body as %s.") % kinds, exception.default_code)
    if is_outage(exception) or is_disk_full(exception):
        # A database that restarts or only reads, or two who wait for each other.
        away = Problem(503, _("Nothing was done; please send the request again."), "unavailable")
        away.wait = UNAVAILABLE
        return away
    if isinstance(exception, LengthRequired):
        return Problem(411, _("Send the body whole, with Content-Length."), "length")
    if isinstance(exception, RequestDataTooBig):
        most = settings.LARGEST_BODY // 2**20
        return Problem(413, _("Please send at most %d MiB at a time.") % most, "too_large")
    if isinstance(exception, (BadRequest, UnreadablePostError)):
        return Problem(400, _("The body did not arrive whole; please send it again."), "unreadable")
    if isinstance(exception, exceptions.MethodNotAllowed):
        other = _("This address has no such method; Allow names those that it has.")
        return Problem(405, other, exception.default_code)
    if isinstance(exception, exceptions.APIException):
        detail = exception.detail
        code = getattr(detail, "code", exception.default_code)
        return Problem(exception.status_code, detail, code)
    if isinstance(exception, IntegrityError):
        # What keys point to is checked at commit: somebody has deleted it meanwhile.
        return Problem(409, _("Nothing was done; please send the request again."), "conflict")
    return Problem(500, _("Please try again later, and name the request_id."), "server_error")


INVALID = _("See errors: each names the place in the body.")


def model_errors(refusal: ValidationError, at: str = "") -> Iterator[dict]:
    """Yield the errors of a model's rule, each at its field."""
    fields = refusal.error_dict if hasattr(refusal, "error_dict") else {"": refusal.error_list}
    for name, errors in fields.items():
        pointer = f"{at}/{name}" if name not in ("", "__all__") else at
        for one in errors:
            for message in one.messages:
                yield error(pointer, message, one.code or "invalid")


def field_errors(detail, at: str = "") -> Iterator[dict]:
    """Yield the errors of a serializer, each at its place."""
    if isinstance(detail, dict):
        for name, below in detail.items():
            yield from field_errors(below, at if name == "non_field_errors" else f"{at}/{name}")
    elif isinstance(detail, list):
        for below in detail:
            yield from field_errors(below, at)
    else:
        yield error(at, detail, getattr(detail, "code", "invalid"))
