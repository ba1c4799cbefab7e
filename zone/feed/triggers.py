"""The triggers that write the log, made from what each model declares as ``SYNC``.

Statement-level with transition tables, so one statement costs one pass over its rows; whoever
writes (forms, bulk updates, COPY, raw SQL) passes them. What they promise: a commit that changes
a row, or who sees it, leaves an event of that row, and its tokens name whoever loses it.

A row seen by way of its parent (an agreement by the chain of its project) has a race: one
transaction adds or moves the child, another moves the parent, and neither sees the other. So the
child's trigger locks the parents FOR KEY SHARE before it reads their columns, and those columns
stand in a unique index with the id: that makes PostgreSQL take the row lock of a key change for
a move of the parent, which is the one that waits. Other changes of a parent wait for nobody.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from django.apps import apps
from django.db import models

from zone.database import row_versions
from zone.database.objects import DatabaseObject, Index, Schema, function, trigger
from zone.feed.synced import Down, Own, Up, by_number, entities, grounds
from zone.feed.tables import LOG, REFUSE_MOVE, TRUNCATED

PREFIX, REFS = "feed", "zone_externalref"
PAIRS = "old_rows o JOIN new_rows n ON n.id = o.id"
# An event that the database has for somebody else's table: entity, row, tokens.
OF_OTHERS = f"INSERT INTO {LOG} (entity, object_id, op, tokens)"
OF_ROWS = f"INSERT INTO {LOG} (entity, object_id, version, op, tokens)"
TABLES = {
    "insert": "NEW TABLE AS new_rows",
    "update": "OLD TABLE AS old_rows NEW TABLE AS new_rows",
    "delete": "OLD TABLE AS old_rows",
}


@dataclass(frozen=True)
class Report:
    """An event for the row ``target`` that ``key`` points to: it is seen by way of its child."""

    target: type[models.Model]
    key: str
    grounds: tuple[Own | Up, ...]


@dataclass(frozen=True)
class Dependent:
    """Rows of ``child`` are seen by way of these ``columns`` of ours."""

    child: type[models.Model]
    key: str
    columns: tuple[str, ...]
    is_write_once: bool


def reports(model: type[models.Model]) -> list[Report]:
    found: dict[tuple, list] = {}
    for target in entities().values():
        for ground in grounds(target):
            if isinstance(ground, Down) and ground.child is model:
                found.setdefault((target, ground.key), []).append(ground.ground)
    return [Report(target, key, tuple(parts)) for (target, key), parts in found.items()]


def dependents(model: type[models.Model]) -> list[Dependent]:
    found: dict[tuple, list] = {}
    for child in entities().values():
        for ground in grounds(child):
            if isinstance(ground, Up) and ground.parent is model:
                found.setdefault((child, ground.key, ground.is_write_once), []).append(
                    ground.column
                )
    return [
        Dependent(child, key, tuple(columns), is_write_once)
        for (child, key, is_write_once), columns in found.items()
    ]


def moving_columns(model: type[models.Model]) -> list[str]:
    """Return the columns by which rows of other tables are seen, and which may change."""
    return sorted({c for dep in dependents(model) if not dep.is_write_once for c in dep.columns})


def locked_parents(model: type[models.Model]) -> list[tuple[str, str]]:
    """Return (key, table) of the parents whose move would change who sees a row."""
    ups = [g for g in grounds(model) if isinstance(g, Up) and not g.is_write_once]
    return sorted({(up.key, up.parent._meta.db_table) for up in ups}, key=lambda pair: pair[::-1])


# Expressions


def array(values: list[str]) -> str:
    return f"array_remove(ARRAY[{', '.join(values)}]::uuid[], NULL)"


def value(ground: Own | Up, row: str) -> str:
    """Return the token of a row; a subquery, so that no plan made for one row joins a million."""
    if isinstance(ground, Own):
        return f"{row}.{ground.column}"
    table = ground.parent._meta.db_table
    return f"(SELECT p.{ground.column} FROM {table} p WHERE p.id = {row}.{ground.key})"


def tokens_of(model: type[models.Model], row: str) -> list[str]:
    """Return the tokens of a row itself; those by its children come with the children."""
    opened = [_opened(model, opening, row) for opening in model.SYNC.opens]
    return opened + [value(g, row) for g in grounds(model) if not isinstance(g, Down)]


def _opened(model, opening, row: str) -> str:
    token = f"'{opening.token}'::uuid"
    columns = [model._meta.get_field(name).column for name in opening.empty]
    if not columns:
        return token
    empty = " AND ".join(f"{row}.{column} IS NULL" for column in columns)
    return f"CASE WHEN {empty} THEN {token} END"


def tokens_of_change(model: type[models.Model]) -> list[str]:
    """Return the old tokens and the new ones, each parent's only if the row changed parents."""
    found = []
    for opening in model.SYNC.opens:
        found += [_opened(model, opening, "o")] + [_opened(model, opening, "n")] * bool(
            opening.empty
        )
    for ground in grounds(model):
        if isinstance(ground, Own):
            found += [f"o.{ground.column}", f"nullif(n.{ground.column}, o.{ground.column})"]
        elif isinstance(ground, Up):
            changed = f"n.{ground.key} IS DISTINCT FROM o.{ground.key}"
            found += [f"CASE WHEN {changed} THEN {value(ground, row)} END" for row in "on"]
    return found


# Statements


def body(model: type[models.Model], event: str) -> list[str]:
    """Return the statements of the trigger function of ``model`` on insert, update or delete."""
    return {"insert": _on_insert, "update": _on_update, "delete": _on_delete}[event](model)


def _on_insert(model) -> list[str]:
    tokens = array(tokens_of(model, "r"))
    locks = [_lock(table, f"SELECT {key} FROM new_rows") for key, table in locked_parents(model)]
    own = f"{OF_ROWS} SELECT {model.SYNC.number}, r.id, r.version, 'I', {tokens} FROM new_rows r"
    return [
        *locks,
        own,
        *(_report(report, _plain(report, "new_rows")) for report in reports(model)),
    ]


def _on_delete(model) -> list[str]:
    tokens = array(tokens_of(model, "r"))
    locks = [_lock(table, f"SELECT {key} FROM old_rows") for key, table in locked_parents(model)]
    # Higher than any version the row ever had.
    own = (
        f"{OF_ROWS} SELECT {model.SYNC.number}, r.id, r.version + 1, 'D', {tokens} FROM old_rows r"
    )
    up = [_report(report, _plain(report, "old_rows")) for report in reports(model)]
    # Foreign keys are checked at commit: a parent may be deleted before its children.
    down = [
        _tell(dep, array([f"r.{column}" for column in dep.columns]), "r.id", "old_rows r")
        for dep in dependents(model)
    ]
    return [*locks, own, *up, *down]


def _on_update(model) -> list[str]:
    tokens = array(tokens_of_change(model))
    own = (
        f"{OF_ROWS} SELECT {model.SYNC.number}, n.id, n.version, 'U', {tokens} "
        f"FROM {PAIRS} WHERE n.version <> o.version"
    )
    up = [_report(report, _changed(report)) for report in reports(model)]
    return [*(_lock_changed(*pair) for pair in locked_parents(model)), own, *up, *_moved(model)]


def _lock(table: str, keys: str) -> str:
    # In the order of ids, so that two who lock the same parents do not wait for each other.
    return f"PERFORM 1 FROM {table} p WHERE p.id = ANY(ARRAY({keys})) ORDER BY p.id FOR KEY SHARE"


def _lock_changed(key: str, table: str) -> str:
    return _lock(
        table,
        f"SELECT unnest(ARRAY[o.{key}, n.{key}]) FROM {PAIRS} "
        f"WHERE n.{key} IS DISTINCT FROM o.{key}",
    )


def _plain(report: Report, table: str) -> str:
    values = ", ".join(value(ground, "r") for ground in report.grounds)
    return f"SELECT r.{report.key} AS id, unnest(ARRAY[{values}]::uuid[]) AS token FROM {table} r"


def _changed(report: Report) -> str:
    """Return what the parents had and have by the children that changed parents or values."""
    columns = {report.key, *(g.column if isinstance(g, Own) else g.key for g in report.grounds)}
    differs = " OR ".join(f"n.{column} IS DISTINCT FROM o.{column}" for column in sorted(columns))
    sides = []
    for row in "on":
        values = ", ".join(value(ground, row) for ground in report.grounds)
        sides.append(
            f"SELECT {row}.{report.key} AS id, unnest(ARRAY[{values}]::uuid[]) AS token "
            f"FROM {PAIRS} WHERE {differs}"
        )
    return " UNION ALL ".join(sides)


def _report(report: Report, pairs: str) -> str:
    number = report.target.SYNC.number
    return (
        f"{OF_OTHERS} SELECT {number}, t.id, 'V', array_agg(DISTINCT t.token) FROM ({pairs}) t "
        "WHERE t.id IS NOT NULL AND t.token IS NOT NULL GROUP BY t.id"
    )


def _tell(dep: Dependent, tokens: str, row: str, source: str) -> str:
    table, number = dep.child._meta.db_table, dep.child.SYNC.number
    children = f"unnest(ARRAY(SELECT c.id FROM {table} c WHERE c.{dep.key} = {row}))"
    return f"{OF_OTHERS} SELECT {number}, {children}, 'V', {tokens} FROM {source}"


def _moved(model) -> list[str]:
    """Return the statements that tell the children of rows that moved."""
    columns = moving_columns(model)
    if not columns:
        return []
    differs = " OR ".join(f"n.{column} IS DISTINCT FROM o.{column}" for column in columns)
    source = f"{PAIRS} WHERE {differs}"
    told = [
        _tell(dep, array([f"{row}.{c}" for c in dep.columns for row in "on"]), "n.id", source)
        for dep in dependents(model)
        if not dep.is_write_once
    ]
    # A snapshot from before the lock was granted would miss the children added meanwhile.
    refuse = (
        "IF current_setting('transaction_isolation') IN ('repeatable read', 'serializable') THEN "
        "RAISE EXCEPTION 'rows of % are moved under READ COMMITTED only', TG_TABLE_NAME "
        "USING ERRCODE = 'feature_not_supported'; END IF"
    )
    guarded = ";\n    ".join([refuse, *told])
    return [f"IF EXISTS (SELECT FROM {source}) THEN\n    {guarded};\n  END IF"]


# What is installed

ON_TRUNCATE = function("zone_feed_truncated()", TRUNCATED)


def function_name(model: type[models.Model], event: str) -> str:
    return f"{PREFIX}_{model._meta.db_table}_{event}"


def objects() -> Iterator[DatabaseObject]:
    """Yield the functions, triggers and indexes that the models ask for."""
    yield ON_TRUNCATE
    yield function("zone_feed_refuse_move()", REFUSE_MOVE)
    for model in apps.get_models():
        for name in vars(model).get("WRITE_ONCE", ()):
            yield write_once_trigger(model, name)
    for model in entities().values():
        yield from of_model(model)
    yield from of_references()


def of_references() -> Iterator[DatabaseObject]:
    """Yield what makes a change of a row's references a change of the row."""
    for event in TABLES:
        name = f"{PREFIX}_{REFS}_{event}()"
        yield function(name, refs_body(event != "insert", event != "delete"), table=REFS)
        yield _on_statement(event, REFS, name)


def of_model(model: type[models.Model]) -> Iterator[DatabaseObject]:
    """Yield what makes the changes of ``model`` lines of the log."""
    table = model._meta.db_table
    for event in TABLES:
        statements = ";\n  ".join(body(model, event))
        name = f"{function_name(model, event)}()"
        yield function(
            name,
            f"\nBEGIN\n  {statements};\n  RETURN NULL;\nEND ",
            table=table,
            # A plan made for one row and kept must not join 100,000 with 100,000 in loops.
            options="SET enable_nestloop = off",
        )
        yield _on_statement(event, table, name)
    yield trigger(f"{PREFIX}_truncate", table, "AFTER TRUNCATE ON {table}", "zone_feed_truncated()")
    if columns := moving_columns(model):
        name, key = f"{PREFIX}_{table}_key", ", ".join(["id", *columns])
        yield Index(name, table, f"CREATE UNIQUE INDEX {name} ON {table} ({key})")


def _on_statement(event: str, table: str, call: str) -> DatabaseObject:
    when = f"AFTER {event.upper()} ON {{table}} REFERENCING {TABLES[event]} FOR EACH STATEMENT"
    return trigger(f"{PREFIX}_{event}", table, when, call)


def write_once_trigger(model: type[models.Model], field: str) -> DatabaseObject:
    """Return the trigger that lets a field be written once and never changed."""
    table, column = model._meta.db_table, model._meta.get_field(field).column
    return trigger(
        f"{PREFIX}_fixed_{column}",
        table,
        f"BEFORE UPDATE ON {{table}} FOR EACH ROW "
        f"WHEN (OLD.{column} IS DISTINCT FROM NEW.{column})",
        f"zone_feed_refuse_move('{column}', '{table}_{column}_fixed')",
    )


def has_lost_events(schema: Schema) -> bool:
    """Whether something that once wrote the log is gone, switched off or was altered by hand."""
    return any(_is_broken(schema, model) for model in entities().values())


def _is_broken(schema: Schema, model: type[models.Model]) -> bool:
    # A table whose rows were not synchronised yet has none of these and has lost nothing. An
    # index is left out: that of a parent comes with its first child.
    own = [one.key for one in of_model(model) if one.kind != "index"]
    shared = (ON_TRUNCATE, row_versions.TOUCH, row_versions.of_model(model), *of_references())
    keys = [*own, *(one.key for one in shared)]
    return any(map(schema.was_installed, own)) and not all(map(schema.is_intact, keys))


def refs_body(old: bool, new: bool) -> str:
    """Return the body of a trigger that touches the rows whose references changed."""
    sides = [
        f"SELECT entity, object_id FROM {t}"
        for t, is_there in (("old_rows", old), ("new_rows", new))
        if is_there
    ]
    tables = " ".join(
        f"WHEN {number} THEN '{model._meta.db_table}'" for number, model in by_number().items()
    )
    return f"""
DECLARE
  touched record;
BEGIN
  PERFORM set_config('zone.touched', 'on', true);
  FOR touched IN SELECT entity, array_agg(object_id) AS ids FROM ({" UNION ".join(sides)}) r
    GROUP BY entity ORDER BY entity
  LOOP
    EXECUTE format(
      'WITH locked AS (SELECT id FROM %1$I WHERE id = ANY($1) ORDER BY id FOR NO KEY UPDATE) '
      'UPDATE %1$I t SET version = version FROM locked WHERE t.id = locked.id',
      CASE touched.entity {tables} END) USING touched.ids;
  END LOOP;
  PERFORM set_config('zone.touched', '', true);
  RETURN NULL;
END """
