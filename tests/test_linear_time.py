"""No text from outside costs more than linear time (patterns, functions, checks of rows)."""

from __future__ import annotations

import ast
import inspect
import re
import unicodedata
from collections.abc import Callable, Iterator
from contextlib import suppress
from importlib import import_module
from pathlib import Path

import pytest
from django.core.exceptions import ValidationError
from django.urls import get_resolver, resolve

from tests.linear import ANYWHERE, fault, looking, texts_for
from tests.probe import routes
from zone import identifiers
from zone.api.problems import Problem
from zone.privacy import masking
from zone.urls import no_such_page

ROOT = Path(__file__).resolve().parent.parent
SOURCES = sorted(path for app in ("zone", "crm", "projects") for path in (ROOT / app).rglob("*.py"))
READ_BY_RE = {"compile", "match", "fullmatch", "search", "findall", "finditer", "split"}
READ_BY_RE |= {"sub", "subn"}
OF_DJANGO = {"RegexValidator", "RegexField", "re_path"}


def module_of(path: Path):
    return import_module(".".join(path.relative_to(ROOT).with_suffix("").parts))


def name_of(call: ast.Call) -> str:
    """Return the dotted name of what is called."""
    try:
        return ast.unparse(call.func)
    except AttributeError:
        return ""


def calls(path: Path) -> list[ast.Call]:
    """Return the calls of a module that are handed a pattern."""
    nodes = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)]
    return [
        node
        for node in nodes
        if name_of(node).rpartition(".")[2] in OF_DJANGO
        or (name_of(node).startswith("re.") and name_of(node)[3:] in READ_BY_RE)
    ]


def patterns() -> Iterator:
    """Yield every pattern of the sources, each with its place."""
    for path in SOURCES:
        for call in calls(path):
            handed = [*call.args, *(word.value for word in call.keywords)]
            texts = [ast.unparse(argument) for argument in handed]
            flags = [
                text for text in texts[1:] if re.fullmatch(r"re\.[A-Z]+( \| re\.[A-Z]+)*", text)
            ]
            source, *flags = (eval(text, vars(module_of(path))) for text in (texts[0], *flags))
            place = f"{path.relative_to(ROOT)}:{call.lineno}"
            yield pytest.param(re.compile(source, *flags), id=place)


PATTERNS = list(patterns())


@pytest.mark.slow
@pytest.mark.parametrize("pattern", PATTERNS)
def test_every_pattern_of_ours_takes_linear_time(pattern):
    assert fault(looking(pattern), texts_for(pattern)) == ""


def test_the_walk_finds_each_way_to_write_a_pattern(tmp_path):
    ways = ['re.compile("a")', 're.sub("a", "", x)', 'validators.RegexValidator("a")']
    ways += ['forms.RegexField("a")', 're_path("a", view)', 're.split("a", x)']
    (tmp_path / "m.py").write_text("\n".join(ways) + '\nx.split("a")\nre.escape(x)\n')
    assert [ast.unparse(call.args[0]) for call in calls(tmp_path / "m.py")] == ["'a'"] * len(ways)
    assert len(PATTERNS) > 40


HIDDEN = re.compile(
    r"from re import|import re as|import regex|__i?regex|regexp_|SIMILAR TO| !?~\*? *['%]|"
    r"\bsearch_type=.regex|fnmatch"
)


def test_no_pattern_stands_where_the_walk_does_not_look():
    """In SQL, in a look-up of Django, under another name of the module."""
    assert [str(path) for path in SOURCES if HIDDEN.search(path.read_text())] == []
    assert HIDDEN.search("name__regex=")
    assert HIDDEN.search("WHERE name ~ '^a'")


def test_unicode_is_normalised_in_one_place():
    """The library's own function takes the square of the marks on one letter."""
    used = re.compile(r"\.normalize\(|Truncator|slugify")  # those of Django normalise too
    users = {str(path.relative_to(ROOT)) for path in SOURCES if used.search(path.read_text())}
    users -= {  # of Decimal
        "crm/admin/screening_forms.py",
        "crm/admin/screenings.py",
        "zone/admin/versions.py",
        "zone/units.py",
        "zone/models/targets.py",
        "projects/models/projects.py",
    }
    assert users == {"zone/identifiers.py"}


# What stood here once, and what anybody might write.
SLOW = {
    "cubic": r"(Failing row contains|Key) \((?s:.*?)\)(?:=\((?s:.*?)\))?\.?(?=\n|\s|\Z)",
    "quadratic": r"[\w.+-]+(?:@|%40)[\w-]+(?:\.[\w-]+)+",
    "a query string": r"(/[^\s\"'?]*)\?[^\s\"'].*?(?= HTTP/\d|[\"'<\n]|$)",
    "exponential": r"(?:a+)+b",
    "two repeats": r"\d+\d+x",
    "blanks at the end": r"\s+$",
    "a late end": r"<.*?>(?=!)",
}


@pytest.mark.slow
@pytest.mark.parametrize("source", SLOW.values(), ids=SLOW)
def test_the_judge_sees_what_is_slow(source):
    pattern = re.compile(source)
    assert fault(looking(pattern), texts_for(pattern)) != ""


@pytest.mark.slow
def test_the_judge_sees_a_slow_function():
    def with_copies(text):
        while text:
            text = text[1:]

    def sorted_in(text):
        unicodedata.normalize("NFKC", text)

    assert fault(with_copies, ANYWHERE) != ""
    assert fault(sorted_in, ANYWHERE) != ""


MORE = [ROOT / "crm" / "models" / "enterprises.py"]  # its text goes to another library


def readers() -> Iterator:
    """Yield every function of a module with patterns that takes a text and nothing else."""
    for path in SOURCES:
        if {"migrations", "management"} & {*path.parts} or not (calls(path) or path in MORE):
            continue
        module = module_of(path)
        for name, function in vars(module).items():
            own = getattr(function, "__module__", "") == module.__name__
            if inspect.isfunction(function) and own and not name.startswith("_"):
                needed = [
                    word
                    for word in inspect.signature(function).parameters.values()
                    if word.default is word.empty
                ]
                if len(needed) == 1 and needed[0].annotation in (str, "str"):
                    yield pytest.param(function, id=f"{module.__name__}.{name}")


# What a reader of numbers, addresses and rows does with a text of each kind.
OF_PATTERNS = sorted(
    {
        text
        for name in ("EMAIL", "NUMBER", "REFUSED_ROW", "SUSPECT", "LANDLINE")
        for text in texts_for(getattr(masking, name), 2)
    },
    key=repr,
)
OF_PATTERNS += sorted(
    {
        text
        for name in ("MOBILE_IN_TEXT", "IDENTITY_IN_TEXT")
        for text in texts_for(getattr(identifiers, name), 2)
    },
    key=repr,
)


def refusing(function: Callable) -> Callable:
    def call(text):
        with suppress(ValidationError, ValueError, Problem):
            function(text)

    return call


@pytest.mark.slow
@pytest.mark.parametrize("function", [*readers()])
def test_every_function_that_reads_a_text_takes_linear_time(function):
    assert fault(refusing(function), [*ANYWHERE, *OF_PATTERNS]) == ""


# Never asked: zone.urls answers for all addresses below.
UNREACHED = {r"^r/(?P<content_type_id>.+)/(?P<object_id>.+)/\Z"}


def test_every_pattern_of_an_address_takes_linear_time():
    """The server reads no longer address than 4 KB."""
    of_parts = {pattern.pattern.regex for _route, pattern in routes.patterns()}
    of_parts |= {part.pattern.regex for part in get_resolver().url_patterns}
    slow = [regex for regex in of_parts if fault(looking(regex), texts_for(regex, 1), 10_000)]
    assert {regex.pattern for regex in slow} == UNREACHED
    assert resolve("/admin/r/\n///").func is no_such_page
