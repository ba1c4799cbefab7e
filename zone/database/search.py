"""Searching texts by a part of them: three characters and more by trigrams, fewer by grams.

Most words of Chinese have two characters, and a family name has one, which no trigram holds.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from functools import reduce
from operator import or_

from django.apps import apps
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models.functions import Upper
from django.db.models.lookups import Contains, EndsWith, Exact, StartsWith
from django.utils.text import smart_split, unescape_string_literal

from zone import identifiers
from zone.database import pinyin
from zone.database.folding import Folded, holds
from zone.database.objects import DatabaseObject, Index, function
from zone.database.plans import FewOrMany, Relation, union_of

EXACT, PINYIN = "=", "~"
# Each character and each two that follow one another.
GRAMS = function(
    "zone_grams(whole text)",
    """
BEGIN
  RETURN ARRAY(
    SELECT DISTINCT substr(whole, n, size)
    FROM generate_series(1, length(whole)) n, generate_series(1, 2) size);
END""",
    returns="text[]",
    options="IMMUTABLE PARALLEL SAFE STRICT",
)


def objects() -> Iterator[DatabaseObject]:
    """Yield the function, and an index beside each one of trigrams."""
    yield GRAMS
    for model, name in searched_columns():
        table, column = model._meta.db_table, model._meta.get_field(name).column
        index = f"{table}_{column}_grams"
        folded = Folded.template % {"expressions": f'"{column}"'}
        where = f"USING gin (zone_grams(upper({folded})))"
        yield Index(index, table, f"CREATE INDEX {index} ON {table} {where}")


def searched_columns() -> Iterator[tuple[type[models.Model], str]]:
    """Yield the model and the name of each field with an index of trigrams."""
    for model in apps.get_models():
        for index in model._meta.indexes:
            if isinstance(index, GinIndex) and index.name.endswith("_trgm"):
                yield model, next(found.name for found in _columns_of(index))


def _columns_of(index: GinIndex) -> Iterator[models.F]:
    expressions = list(index.expressions)
    while expressions:
        expression = expressions.pop()
        if isinstance(expression, models.F):
            yield expression
        expressions += expression.get_source_expressions()


class Grams(models.Func):
    function = "zone_grams"
    output_field = ArrayField(models.TextField())


class Gram(Grams):
    """A word of one or two characters as an array of itself: of two, its characters need not be."""

    template = "ARRAY[%(expressions)s]"


def words(term: str) -> Iterator[str]:
    """Yield the words of a search, folded; a quoted one, and a code, may be typed with blanks."""
    for word in smart_split(identifiers.whole_code(term) or term):
        if word[:1] in "\"'" and word[:1] == word[-1:]:
            word = unescape_string_literal(word)
        yield identifiers.folded(word)


def search(rows: models.QuerySet, fields: Sequence[str], term: str) -> models.QuerySet:
    """Return those of ``rows`` that have each word of ``term`` in one of ``fields``.

    ``fields`` are paths as in ``ModelAdmin.search_fields``; ``=`` before one compares all of it,
    and ``~`` says that it holds pinyin. Without any, nothing is searched.
    """
    for word in words(term) if fields else ():
        rows = rows.filter(condition(rows.model, fields, word))
    return rows


def closeness(model: type[models.Model], fields: Iterable[str], term: str) -> models.Case:
    """Return how close the names of a row are to ``term``, 0 the closest.

    Of ``fields`` those of the row itself count: the term may be all of one, its beginning, its
    end, or anywhere within.
    """
    text = identifiers.folded(term).upper()
    close: list[list] = [[], [], [], []]
    for mark, path in map(_marked, fields):
        if "__" in path or mark == EXACT or (mark == PINYIN and not pinyin.is_pinyin(text)):
            continue
        whole = Upper(Folded(path))
        if mark == PINYIN:
            close[0].append(EndsWith(whole, pinyin.INITIALS + text))
        else:
            close[0].append(Exact(whole, models.Value(text)))
            close[2].append(EndsWith(whole, text))
        close[1].append(StartsWith(whole, text))
        close[3].append(Contains(whole, text))
    cases = [
        models.When(reduce(or_, map(models.Q, some)), then=models.Value(place))
        for place, some in enumerate(close)
        if some
    ]
    return models.Case(*cases, default=models.Value(len(close)))


def condition(model: type[models.Model], paths: Iterable[str], word: str) -> FewOrMany:
    few, many, relations = [], [], defaultdict(list)
    for mark, path in map(_marked, paths):
        name, _separator, rest = path.partition("__")
        if mark == PINYIN and not pinyin.is_pinyin(word):
            continue
        if rest:
            relations[name].append(mark + rest)
        else:
            rows = model._base_manager.order_by()
            part = sought(model._meta.get_field(name), word, mark == EXACT)
            if part is not None:
                few.append(_by_index(rows, name, part, mark == EXACT).values("pk"))
                many.append(_contains(name, part, mark == EXACT))
    for name, rest in relations.items():
        far = model._meta.get_field(name).related_model
        relation = Relation(model, name, far._base_manager.filter(condition(far, rest, word)))
        few.append(relation.ids)
        many.append(models.Q(relation.holds))
    return FewOrMany(union_of(few), reduce(or_, many))


def sought(field: models.Field, word: str, exact: bool) -> str | None:
    """Return what ``field`` holds where ``word`` is found; None where it cannot be."""
    if hasattr(field, "searched"):
        return field.searched(word)
    return word.upper() if exact else word  # codes are kept in capitals


def _marked(path: str) -> tuple[str, str]:
    mark = path[0] if path[0] in (EXACT, PINYIN) else ""
    return mark, path.removeprefix(mark)


def _contains(name: str, word: str, exact: bool) -> models.Q:
    return models.Q(**{name: word}) if exact else holds(name, word)


def _by_index(rows: models.QuerySet, name: str, word: str, exact: bool) -> models.QuerySet:
    # Some letters are two in capitals: ß.
    gram = identifiers.folded(word)
    is_gram = 1 <= len(gram) == len(gram.upper()) <= 2
    if is_gram and not exact and (rows.model, name) in searched_columns():
        having = rows.alias(grams=Grams(Upper(Folded(name))))
        return having.filter(grams__contains=Gram(Upper(models.Value(gram))))
    return rows.filter(_contains(name, word, exact))
