"""Loaded by schemathesis: good data names rows that exist, so that the rules behind are reached."""

from itertools import count

import schemathesis
from schemathesis import GenerationMode

from zone.api.examples import known_id


@schemathesis.serializer("application/x-ndjson", "text/csv")
def lines(ctx, value):
    """Send a text as it is; what is no text goes as bytes that are no text either."""
    if isinstance(value, bytes):
        return value
    return value.encode("utf-8", "replace") if isinstance(value, str) else b"\xff"


KNOWN = {
    "chain": "new-energy",
    "park": "park-a",
    "segment": known_id("chain-segments"),
    "building": known_id("buildings"),
    "space": known_id("spaces"),
    "enterprise": known_id("enterprises"),
    "contact": known_id("contacts"),
    "lead": known_id("leads"),
    "project": known_id("projects"),
    "owner": "specialist",
    "specialist": "specialist",
    "handler": "specialist",
    "handled_by": "specialist",
}


NUMBERS = count()


@schemathesis.hook
def before_call(context, case, kwargs):
    if case.meta is None or case.meta.generation.mode != GenerationMode.POSITIVE:
        # Under the key of a good request another If-Match would get its kept answer.
        if getattr(case.meta and case.meta.phase.data, "parameter", "") == "If-Match":
            case.headers["Idempotency-Key"] = f"bad-{next(NUMBERS)}"
        return
    if "If-Match" in (case.headers or {}):
        case.headers["If-Match"] = "*"
    if case.method != "DELETE" and "id" in (case.path_parameters or {}):
        case.path_parameters["id"] = known_id(case.path.split("/")[3])
    if isinstance(case.body, dict):
        case.body |= {name: KNOWN[name] for name in case.body if name in KNOWN}


@schemathesis.check
def a_bad_row_is_refused(ctx, response, case):
    """A batch that is taken in parts answers 207: what is wrong in it is told of its row."""
    negative = case.meta and case.meta.generation.mode == GenerationMode.NEGATIVE
    if response.status_code == 207 and negative:
        assert any(row["status"] >= 400 for row in response.json()["results"])
