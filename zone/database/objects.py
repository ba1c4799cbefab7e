"""Functions, triggers and indexes that follow the code: ``migrate`` installs those that differ.

A comment on each says from which source it was made and what the database made of it. So a change
of the code is found, and a change that somebody made by hand.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import chain

LOCK = "SELECT pg_advisory_xact_lock(hashtext('zone.schema'))"
MARK = "made of "
HERE = "@schema@"  # in the source of an object: the schema that it is made in
# What the database has of each kind: its name, the table, its definition, its comment.
FOUND = {
    "function": """
      SELECT p.oid::regprocedure::text, '',
        pg_get_functiondef(p.oid) || coalesce(p.proacl::text, ''),
        obj_description(p.oid, 'pg_proc')
      FROM pg_proc p WHERE p.pronamespace = current_schema()::regnamespace
        AND p.prokind = 'f' AND NOT EXISTS (
          SELECT FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')
    """,
    "trigger": """
      SELECT t.tgname, c.relname, pg_get_triggerdef(t.oid) || t.tgenabled::text,
        obj_description(t.oid, 'pg_trigger')
      FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
      WHERE NOT t.tgisinternal AND c.relnamespace = current_schema()::regnamespace
    """,
    "index": """
      SELECT c.relname, t.relname, pg_get_indexdef(c.oid), obj_description(c.oid, 'pg_class')
      FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_class t ON t.oid = i.indrelid
      WHERE c.relnamespace = current_schema()::regnamespace AND NOT EXISTS (
        SELECT FROM pg_constraint WHERE conindid = c.oid)
    """,
}
Key = tuple[str, str, str]  # kind, name, table
TABLES = "SELECT relname FROM pg_class WHERE relnamespace = current_schema()::regnamespace"


@dataclass(frozen=True)
class DatabaseObject:
    """Something in the database that no model field or constraint describes.

    ``table`` is the table without which it cannot be made.
    """

    name: str
    table: str
    sql: str
    kind = ""

    @property
    def key(self) -> Key:
        return self.kind, self.name, self.table

    @property
    def mark(self) -> str:
        return MARK + hashlib.md5(self.sql.encode(), usedforsecurity=False).hexdigest()

    @property
    def label(self) -> str:
        return self.name

    def create(self) -> Iterator[str]:
        yield self.drop()
        yield self.sql

    def drop(self) -> str:
        return f"DROP {self.kind.upper()} IF EXISTS {self.label}"


class Function(DatabaseObject):
    """``name`` with the types of its arguments: ``f(text, bigint[])``; replaced where it stands."""

    kind = "function"

    @property
    def key(self) -> Key:
        return self.kind, self.name, ""

    def create(self):
        yield self.sql


class Trigger(DatabaseObject):
    """A trigger on ``table``; its SQL names what it calls."""

    kind = "trigger"

    @property
    def label(self) -> str:
        return f"{self.name} ON {self.table}"

    def create(self):
        # DROP would wait for readers; a constraint trigger cannot be replaced.
        if not self.sql.startswith("CREATE OR REPLACE"):
            yield self.drop()
        yield self.sql


class Index(DatabaseObject):
    kind = "index"


# In the order in which they can be dropped: an index may be of what a function returns.
KINDS = {kind.kind: kind for kind in (Trigger, Index, Function)}


def function(name: str, body: str, *, returns="trigger", table="", options="") -> Function:
    """Return a function in plpgsql; ``options`` stand before its body."""
    head = re.sub(r"\)$", f") RETURNS {returns} LANGUAGE plpgsql {options}".rstrip(), name)
    signature = re.sub(r"(?<=[(,])\s*\w+ (?=\w)", "", name)
    return Function(signature, table, f"CREATE OR REPLACE FUNCTION {head} AS $${body}$$")


def trigger(name: str, table: str, when: str, call: str, *, always=False) -> Trigger:
    """Return ``CREATE TRIGGER name when ON table … call``; ``when`` holds ``ON {table}``.

    One that fires ``always`` is passed by no ``session_replication_role`` either.
    """
    kind = "CONSTRAINT TRIGGER" if "DEFERRABLE" in when else "OR REPLACE TRIGGER"
    sql = f"CREATE {kind} {name} {when.format(table=table)} EXECUTE FUNCTION {call}"
    if always:
        sql += f";\nALTER TABLE {table} ENABLE ALWAYS TRIGGER {name}"
    return Trigger(name, table, sql)


@dataclass(frozen=True)
class Found:
    """What the database has: a definition, and the comment on it."""

    text: str
    comment: str

    @property
    def digest(self) -> str:
        return hashlib.md5(self.text.encode(), usedforsecurity=False).hexdigest()

    def marked(self, wanted: DatabaseObject) -> str:
        """Return the comment that it bears when it was made of the source that is wanted."""
        return f"{wanted.mark} {self.digest}"


class Schema:
    """The objects of one database beside those that the code asks for."""

    def __init__(self, cursor, wanted: Iterable[DatabaseObject]):
        self.cursor = cursor
        cursor.execute("SELECT quote_ident(current_schema())")
        (schema,) = cursor.fetchone()
        cursor.execute(TABLES)
        tables = {name for (name,) in cursor.fetchall()}
        made = (replace(one, sql=one.sql.replace(HERE, schema)) for one in wanted)
        self.wanted = {one.key: one for one in made if not one.table or one.table in tables}
        self.found = self._read()

    def _read(self) -> dict[Key, Found]:
        found = {}
        for kind, question in FOUND.items():
            self.cursor.execute(question)
            for name, table, text, comment in self.cursor.fetchall():
                found[kind, name, table] = Found(text, comment or "")
        return found

    def differing(self) -> list[DatabaseObject]:
        """Return what is missing, was made of another source, or was changed since."""
        return [
            one
            for key, one in self.wanted.items()
            if key not in self.found or self.found[key].comment != self.found[key].marked(one)
        ]

    def forgotten(self) -> list[DatabaseObject]:
        """Return what an earlier version of the code had installed and nobody asks for now."""
        unwanted = [key for key in self.found if key not in self.wanted]
        return [
            KINDS[kind](name, table, "")
            for kind, name, table in sorted(unwanted, key=lambda key: list(KINDS).index(key[0]))
            if self.found[kind, name, table].comment.startswith(MARK)
        ]

    def was_installed(self, key: Key) -> bool:
        found = self.found.get(key)
        return found is not None and found.comment.startswith(MARK)

    def is_intact(self, key: Key) -> bool:
        """Whether an object stands as it was installed, whatever the code asks for now."""
        found = self.found.get(key)
        return found is not None and found.comment.endswith(found.digest)

    def install(self) -> list[str]:
        """Bring the database to what is wanted and return the statements that did."""
        differing, forgotten = self.differing(), self.forgotten()
        self._lock({one.table for one in (*differing, *forgotten)} - {""})
        statements = [*chain.from_iterable(one.create() for one in differing)]
        statements += [one.drop() for one in forgotten]
        for statement in statements:
            self.cursor.execute(statement)
        if differing:
            self._mark(differing)
        return statements

    def _lock(self, tables: set[str]):
        # A transaction that wrote by the old function may otherwise commit after this one, behind
        # the cursor of a client that began anew. Readers, such as a backup, are not waited for.
        if tables:
            names = ", ".join(sorted(tables))
            self.cursor.execute(f"LOCK TABLE {names} IN SHARE ROW EXCLUSIVE MODE")

    def _mark(self, installed: list[DatabaseObject]):
        found = self._read()
        comments = (
            f"COMMENT ON {one.kind} {one.label} IS '{found[one.key].marked(one)}'"
            for one in installed
        )
        self.cursor.execute(";\n".join(comments))
