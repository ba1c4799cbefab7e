"""What no honest client sends, against every way to write: refused by name, never a fault."""

from __future__ import annotations

import json
from itertools import cycle

import pytest

from tests import factories
from tests.api.conftest import V1, problem
from tests.api.published import published
from zone.access.api_scopes import WRITE, all_scopes
from zone.api.examples import known_id
from zone.api.urls import RESOURCES

pytestmark = pytest.mark.django_db
PATHS = published().document["paths"]
JSON = "application/json"
WRITES = sorted(
    (path, method)
    for path in PATHS
    for method in ("post", "patch")
    if JSON in PATHS[path].get(method, {}).get("requestBody", {}).get("content", {})
)
# One of each way to write: what reads headers and bodies is the same for every resource.
FIRST = {("leads", "post"), ("leads/{id}", "patch"), ("leads/{id}/claim", "post")}
FIRST |= {("leads/batch-upsert", "post"), ("webhook-endpoints", "post")}
FIRST = [write for write in WRITES if (write[0][len(V1) :], write[1]) in FIRST]
NESTED = {"source": {"deep": ["a\0b"]}, "external_id": "x"}
DEEP = json.loads("[" * 19 + "]" * 19)
SIGN = "示例"
# As values of any field; whether 400 or 422 depends on how far the reading gets.
VALUES = {
    "NUL in a text": "a\0b",
    "NUL nested": NESTED,
    "huge integer": 10**20,
    "huger integer": 10**400,
    "negative": -(10**20),
    "a fraction": 1.5,
    "a long text": SIGN * 100_000,
    "a list": ["x"],
    "depth": DEEP,
    "an object": {"a": 1},
    "truth": True,
    "a huge exponent": "1e999999999",
    "no number": "NaN",
    "infinite": "Infinity",
    "a year too far": "99999-01-01",
    "the year nought": "0000-01-01",
    "no day": "2025-02-30",
    "a sign beyond the plane": "\U0010ffff",
    "right to left": "\u202e" * 5,
    "a template": "{{7*7}}${7*7}%s%(x)s{0}",
    "SQL": "'; DROP TABLE crm_lead; --",
}
BODIES = {
    "nothing": b"",
    "no JSON": b"{",
    "a list": b"[]",
    "a text": b'"x"',
    "null": b"null",
    "a number": b"1",
    "a key twice": b'{"title": "a", "title": "b"}',
    "a key twice below": b'{"title": {"a": 1, "a": 2}}',
    "NUL": b'{"title": "a\\u0000b"}',
    "NUL in a key": b'{"a\\u0000": 1}',
    "a bare NUL": b'{"title": "a\x00b"}',
    "half a character": b'{"title": "\\ud800"}',
    "half a character in a key": b'{"\\udfff": 1}',
    "NaN": b'{"title": NaN}',
    "minus infinity": b'{"title": -Infinity}',
    "an overflow": b'{"floor": 1e400}',
    "depth": b'{"a": ' + b"[" * 30 + b"]" * 30 + b"}",
    "great depth": b"[" * 100_000,
    "great depth of objects": b'{"a":' * 50_000,
    "bad UTF-8": b'{"title": "\xff"}',
    "overlong UTF-8": b'{"title": "\xc0\x80"}',
    "another encoding": '{"title": "示例"}'.encode("utf-16"),
    "a mark before": b"\xef\xbb\xbf{}",
    "5 MiB": b'{"title": "' + b"x" * (5 * 1024 * 1024) + b'"}',
    "too many digits": b'{"floor": ' + b"9" * 5_000 + b"}",
    "ten thousand names": json.dumps({f"n{n}": 1 for n in range(10_000)}).encode(),
}


@pytest.fixture
def caller(world, api, settings):
    settings.API_REQUESTS_A_MINUTE = 1_000_000
    made = api(*all_scopes())
    factories.make_endpoint(client=made.client, id=known_id("webhook-endpoints"))
    return made


@pytest.fixture
def reader(api, settings):
    settings.API_REQUESTS_A_MINUTE = 1_000_000
    return api(*all_scopes())


def address(path: str) -> str:
    return path.replace("{id}", known_id(path.split("/")[3]))


def send(caller, path: str, method: str, body, kind="application/json", **headers):
    send.number += 1
    usual = {"Idempotency-Key": f"k{send.number}", "If-Match": "*"} | headers
    return caller.http.generic(method.upper(), address(path), body, kind, headers=usual)


send.number = 0


def fields_of(path: str, method: str) -> list[str]:
    shape = PATHS[path][method]["requestBody"]["content"]["application/json"]["schema"]
    name = shape["$ref"].rsplit("/", 1)[1]
    return list(published().document["components"]["schemas"][name]["properties"])


@pytest.mark.parametrize(("path", "method"), FIRST)
def test_a_body_that_cannot_be_read_is_refused(caller, path, method):
    for name, body in BODIES.items():
        refused = send(caller, path, method, body)
        expected = {400, 413, 422} | ({200, 201} if body == b"" else set())
        assert refused.status_code in expected, (name, refused.content[:300])


@pytest.mark.slow
def test_a_body_that_cannot_be_read_is_refused_everywhere(caller):
    bodies = cycle(BODIES.items())
    for path, method in WRITES:
        for (name, body), _number in zip(bodies, range(3), strict=False):
            refused = send(caller, path, method, body)
            # 409: of a row that only its methods write nothing is read but that it is JSON.
            expected = {400, 409, 413, 422} | ({200, 201} if body == b"" else set())
            assert refused.status_code in expected, (path, name, refused.content[:300])


@pytest.mark.slow
@pytest.mark.parametrize(("path", "method"), WRITES)
def test_a_hostile_value_in_any_field_is_no_fault(caller, path, method):
    """One field at a time where the rest of the row stands, as rules over fields are asked then."""
    fields = fields_of(path, method)
    bodies = [[field] for field in fields] if method == "patch" else [fields]
    for names in bodies:
        for name, value in VALUES.items():
            answer = send(caller, path, method, json.dumps(dict.fromkeys(names, value)))
            assert answer.status_code in (200, 201, 400, 409, 413, 422), (names, name)


def test_a_body_of_another_kind_is_refused(caller):
    kinds = ("text/plain", "application/xml", "multipart/form-data; boundary=x", "a/b", "")
    for (path, method), kind in zip(WRITES, cycle(kinds), strict=False):
        refused = send(caller, path, method, "{}", kind)
        assert (refused.status_code, problem(refused)["status"]) == (415, 415), kind


def test_a_body_in_pieces_is_not_taken_for_an_empty_one(caller):
    for path, method in WRITES:
        refused = send(caller, path, method, '{"title": "x"}', **{"Transfer-Encoding": "chunked"})
        assert (refused.status_code, problem(refused)["code"]) == (411, "length")


HEADERS = {
    "Idempotency-Key": ["", " ", "a b", "x" * 201, "\u00e9", "a\tb", "\0", "x" * 9_000],
    "If-Match": ["x", '"-1"', '"1e9"', '"9' * 400 + '"', "\u0661", ",,,", '"' * 99, "\0"],
    "X-Request-ID": ["\u00e9", "a\nb", "x" * 9_000, "\0", ""],
    "Accept-Language": ["\0", "x" * 9_000, "zh-" * 99, "*", "en;q=x"],
    "Accept": ["text/html", "\0", "application/json;version=99"],
    "Content-Encoding": ["gzip"],
    "X-HTTP-Method-Override": ["DELETE"],
}


@pytest.mark.parametrize(("path", "method"), FIRST)
def test_a_hostile_header_is_no_fault(caller, path, method):
    for header, values in HEADERS.items():
        for value in values:
            answer = send(caller, path, method, "{}", **{header: value})
            assert answer.status_code < 500, (header, value)


READS = {
    "cursor": ["x", "\0", "W10", "a" * 5_000, "WyJpZCJd:x", "%00", "\ud7ff"],
    "limit": ["-1", "1e2", "9" * 5_000, "\u0661", "1.0", " 1", "0x10", "\0"],
    "order": ["-id", "id,version", "pk", "?", "enterprise__name", "\0"],
    "external": [":", "a:", ":b", "\0:\0", "a" * 5_000, "a:" + "b" * 5_000],
    "count": ["1", "true", "\0"],
}


@pytest.mark.parametrize("name", sorted(RESOURCES))
def test_a_hostile_parameter_is_refused_by_its_name(reader, name):
    for parameter, texts in READS.items():
        for text in texts:
            answer = reader.get(name, **{parameter: text})
            assert answer.status_code in (200, 400), (parameter, text[:40])
            if answer.status_code == 200:
                assert (parameter, answer.json()["data"]) == ("external", [])


HOSTILE = ["\0", "x" * 5_000, "9" * 400, "1e400", "NaN", "-Infinity", "0001-01-01", "9999-12-31"]
HOSTILE += [
    "9999-12-31T23:59:59.999999-23:59",
    "0001-01-01T00:00:00+23:59",
    "2025-02-30",
    ",",
    "a,",
]
HOSTILE += ["," * 3_000, "null", "\u0661", "true", "%", "_", "\\", "'", '"', "()", "\ufffe"]


def filters_by_kind() -> dict[tuple, tuple[str, str]]:
    """Return a resource and parameter for each kind of filter on each kind of column."""
    kinds = {}
    for name, resource in sorted(RESOURCES.items()):
        for parameter, filter in resource.filterset.base_filters.items():
            model, column = resource.model, None
            for part in filter.field_name.split("__"):
                column = model._meta.get_field(part)
                model = column.related_model
            kind = type(filter).__name__, filter.lookup_expr, type(column)
            kinds.setdefault(kind, (name, parameter))
    return kinds


@pytest.mark.slow
def test_a_hostile_filter_is_no_fault(caller):
    for name, parameter in filters_by_kind().values():
        for text in HOSTILE:
            answer = caller.get(name, **{parameter: text})
            assert answer.status_code in (200, 400), (name, parameter, text[:40])


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(RESOURCES))
def test_a_filter_is_given_once_and_with_a_value(reader, name):
    for parameter in RESOURCES[name].filterset.base_filters:
        assert reader.http.get(f"{V1}{name}?{parameter}=").status_code == 400, parameter
        twice = reader.http.get(f"{V1}{name}?{parameter}=NEW&{parameter}=LOST")
        assert problem(twice)["errors"][0]["pointer"] == f"?{parameter}"


NO_PARAMETERS = ["a__b__c=1", "id=1", "pk=1", "stage__regex=.", "%00=1", "limit=1&limit=2", "=1"]
NO_PARAMETERS += ["[]=1", "enterprise__contacts__phone__startswith=1"]
NO_PARAMETERS += ["&".join(f"a{n}=1" for n in range(1_500))]


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(RESOURCES))
def test_a_parameter_that_is_none_is_refused_and_not_passed_over(reader, name):
    for query in NO_PARAMETERS:
        assert reader.http.get(f"{V1}{name}?{query}").status_code == 400, query[:40]
    assert reader.http.get(f"{V1}{name}?&&&").status_code == 200


def test_writing_takes_no_parameters(reader):
    for name in (name for name in sorted(RESOURCES) if WRITE in RESOURCES[name].all_acts):
        refused = reader.http.post(f"{V1}{name}?stage=NEW", b"{}", content_type="application/json")
        assert problem(refused)["errors"][0]["pointer"] == "?stage"


def test_a_hostile_look_at_the_feed_is_refused(reader):
    params = [{"cursor": text} for text in READS["cursor"]]
    params += [{"entity": text} for text in ("\0", ",,", "x", "")]
    params += [{"from": text} for text in ("\0", "yesterday", "")]
    params += [{"from": "now", "exclude_origin": "all"}, {"from": "now", "limit": "x"}]
    for some in params:
        assert reader.get("changes", **some).status_code == 400, some
