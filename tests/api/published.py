"""Holds every answer of the interface to its published schema."""

from __future__ import annotations

import copy
import json
import re
from datetime import datetime
from functools import cache, cached_property

from django.conf import settings
from jsonschema import Draft202012Validator, FormatChecker

PREFIX = "#/components/"
NO_BODY = {204, 304}
formats = FormatChecker(["uuid", "date"])


@formats.checks("date-time", raises=ValueError)
def moment(text) -> bool:
    return not isinstance(text, str) or datetime.fromisoformat(text).tzinfo is not None


class Published:
    """The schema in fixtures/openapi.json, with which answers are compared."""

    def __init__(self, document: dict):
        self.document = document
        self.components = closed(copy.deepcopy(document["components"]))

    @cached_property
    def paths(self) -> list[tuple[re.Pattern, str]]:
        found = self.document["paths"]
        return [(re.compile(re.sub(r"\{\w+\}", "[0-9a-f-]{36}", path)), path) for path in found]

    def operation(self, method: str, path: str) -> dict | None:
        """Return what is published of a method of an address, None of an address that is none."""
        for pattern, known in self.paths:
            if pattern.fullmatch(path):
                return self.document["paths"][known].get(method.lower(), {})
        return None

    def faults(self, method: str, path: str, response) -> list[str]:
        """Return in which ways an answer is not what is published."""
        operation = self.operation("GET" if method == "HEAD" else method, path)
        status = str(response.status_code)
        if not operation:
            expected = {"401", "404" if operation is None else "405", "429"}
            return self.body_faults(response) + [f"{status} here"] * (status not in expected)
        if status == "500":
            return self.body_faults(response)  # a test provoked it
        if status not in operation["responses"]:
            return [f"{status} is not published"]
        published = self.resolved(operation["responses"][status])
        bodies = published.get("content", {})
        missing = self.missing_headers(published, response)
        return missing + self.body_faults(response, bodies, method)

    def body_faults(self, response, bodies=None, method="GET") -> list[str]:
        if bodies is None:
            bodies = {"application/problem+json": {"schema": {"$ref": f"{PREFIX}schemas/Problem"}}}
        if not bodies or method == "HEAD":
            return [f"a body: {response.content[:80]}"] if response.content else []
        kind = response.headers.get("Content-Type", "")
        if kind not in bodies:
            return [f"{kind} is not published"]
        if response.streaming:
            return []  # a file of lines, which the test reads
        return self.shape_faults(bodies[kind]["schema"], json.loads(response.content))

    def shape_faults(self, schema: dict, value) -> list[str]:
        whole = schema | {"components": self.components}
        validator = Draft202012Validator(whole, format_checker=formats)
        return [
            f"{error.json_path}: {error.message[:300]}" for error in validator.iter_errors(value)
        ]

    def missing_headers(self, published: dict, response) -> list[str]:
        names = [
            name
            for name, header in published.get("headers", {}).items()
            if self.resolved(header).get("required")
        ]
        # A refusal may come before the request was counted; an answer may not.
        return [f"no header {name}" for name in names if name not in response.headers]

    def resolved(self, part: dict) -> dict:
        if "$ref" not in part:
            return part
        kind, name = part["$ref"].removeprefix(PREFIX).split("/")
        return self.document["components"][kind][name]


def closed(part):
    """Refuse what is not published: readers must put up with new names, this test must not."""
    if isinstance(part, dict):
        if part.get("type") == "object" and "properties" in part:
            part.setdefault("additionalProperties", False)
        for below in part.values():
            closed(below)
    elif isinstance(part, list):
        for below in part:
            closed(below)
    return part


@cache
def published() -> Published:
    text = (settings.BASE_DIR / "fixtures" / "openapi.json").read_text(encoding="utf-8")
    return Published(json.loads(text))
