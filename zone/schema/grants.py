"""What the application's role may do in the database; ``migrate`` brings it about.

Tables and functions belong to the owner, who alone could switch a trigger off. The application
reads and writes rows; of the audit trail it adds lines and changes none.
"""

from __future__ import annotations

from collections.abc import Iterator

from django.core.management.base import CommandError
from django.db import connections
from psycopg import sql

from zone.audit.triggers import ENTRIES, LINKS, QUEUE
from zone.feed.tables import LOG, STATE

ROWS = frozenset({"SELECT", "INSERT", "UPDATE", "DELETE"})
# Links and the queue are written by triggers, as the owner.
EXCEPTIONS = {
    ENTRIES: frozenset({"SELECT", "INSERT"}),
    LINKS: frozenset({"SELECT"}),
    QUEUE: frozenset({"SELECT"}),
    "zone_auditanchor": frozenset({"SELECT", "INSERT"}),
    LOG: frozenset({"SELECT", "INSERT", "DELETE"}),
    STATE: frozenset({"SELECT", "UPDATE"}),
    "django_migrations": frozenset({"SELECT"}),
}
READ, SEQUENCE = frozenset({"SELECT"}), frozenset({"SELECT", "USAGE"})
OF_KIND = {"S": SEQUENCE, "v": READ, "m": READ}
TRAIL = ", ".join(f"to_regclass('{table}')" for table in (ENTRIES, LINKS, QUEUE))
# Rights on what the owner has in the schema: of the role, of the role on single columns, of all.
RELATIONS = """
SELECT c.relname, c.relkind, coalesce(of_role, '{}'), coalesce(on_columns, '{}'),
  coalesce(of_all, '{}')
FROM pg_class c, LATERAL (
  SELECT array_agg(privilege_type) FILTER (WHERE grantee <> 0 AND whole) AS of_role,
    array_agg(privilege_type) FILTER (WHERE grantee <> 0 AND NOT whole) AS on_columns,
    array_agg(privilege_type) FILTER (WHERE grantee = 0) AS of_all
  FROM (SELECT true AS whole, a.* FROM aclexplode(c.relacl) a
    UNION ALL SELECT false, a.* FROM pg_attribute, aclexplode(attacl) a
    WHERE attrelid = c.oid) a
  WHERE grantee IN (0, %(role)s::regrole)
) rights
WHERE c.relnamespace = %(schema)s::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm', 'S')
  AND pg_has_role(c.relowner, 'USAGE')
ORDER BY c.relname
"""
DEFAULTS = """
SELECT array_agg(a.privilege_type) FROM pg_default_acl d, aclexplode(d.defaclacl) a
WHERE d.defaclrole = current_user::regrole AND d.defaclnamespace = %(schema)s::regnamespace
  AND d.defaclobjtype = %(kind)s AND a.grantee = %(role)s::regrole
"""
OWNERS = f"""
SELECT coalesce(bool_or(pg_has_role(owner, 'MEMBER')), false) FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_database ON datname = current_database(),
unnest(ARRAY[c.relowner, n.nspowner, datdba]) owner
WHERE c.oid = ANY(ARRAY[{TRAIL}]::regclass[])
"""
# Whatever way a right came: to the role, to one it is a member of, to everybody, on a column.
TOO_MUCH = f"""
SELECT coalesce(bool_or(has_schema_privilege(c.relnamespace, 'CREATE')
  OR has_table_privilege(c.oid, 'UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER')
  OR has_any_column_privilege(c.oid, 'UPDATE, REFERENCES')
  OR c.relname <> '{ENTRIES}' AND has_any_column_privilege(c.oid, 'INSERT')), false)
FROM pg_class c WHERE c.oid = ANY(ARRAY[{TRAIL}]::regclass[])
"""
SURROUNDINGS = """
SELECT has_schema_privilege(%(role)s, %(schema)s, 'USAGE'),
  pg_has_role(n.nspowner, 'USAGE') AND has_schema_privilege(%(role)s, n.oid, 'CREATE'),
  pg_has_role(d.datdba, 'USAGE') AND has_database_privilege(%(role)s, d.oid, 'TEMP'),
  current_database()
FROM pg_namespace n, pg_database d WHERE n.nspname = %(schema)s AND datname = current_database()
"""


def apply(role: str, using: str = "default") -> list[str]:
    """Give ``role`` the rights it lacks, take the rest, and return the statements that did."""
    with connections[using].cursor() as cursor:
        cursor.execute("SELECT current_user, current_schema()")
        owner, schema = cursor.fetchone()
        if not role or role == owner:
            return []
        cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role])
        if not cursor.fetchone():
            raise CommandError(
                f"The application's role {role} of DATABASE_URL is not there: CREATE ROLE it with "
                "LOGIN and a password, then migrate again."
            )
        statements = [each.as_string() for each in differences(cursor, role, schema)]
        for statement in statements:
            cursor.execute(statement)
    return statements


def owns_trail(using: str = "default") -> bool:
    """Whether who is logged in could switch the trail's triggers off, as every owner can."""
    return _answer(OWNERS, using)


def may_change_trail(using: str = "default") -> bool:
    """Whether who is logged in has a right on the trail that the application does not need."""
    return _answer(TOO_MUCH, using)


def _answer(question: str, using: str) -> bool:
    with connections[using].cursor() as cursor:
        cursor.execute(question)
        return cursor.fetchone()[0]


def differences(cursor, role: str, schema: str) -> Iterator[sql.Composed]:
    to, of = sql.Identifier(role), sql.Identifier(schema)
    values = {"role": to.as_string(), "schema": of.as_string()}
    cursor.execute(SURROUNDINGS, {"role": role, "schema": schema})
    may_use, may_create, may_shadow, name = cursor.fetchone()
    if not may_use:
        yield sql.SQL("GRANT USAGE ON SCHEMA {} TO {}").format(of, to)
    if may_create:
        yield sql.SQL("REVOKE CREATE ON SCHEMA {} FROM PUBLIC, {}").format(of, to)
    if may_shadow:
        # A temporary table stands in front of the one of the same name.
        revoke = sql.SQL("REVOKE TEMPORARY ON DATABASE {} FROM PUBLIC, {}")
        yield revoke.format(sql.Identifier(name), to)
    yield from on_relations(cursor, values, to, of)
    for kind, letter, wanted in (("TABLES", "r", ROWS), ("SEQUENCES", "S", SEQUENCE)):
        cursor.execute(DEFAULTS, values | {"kind": letter})
        rights = frozenset(cursor.fetchone()[0] or ())
        start = sql.SQL("ALTER DEFAULT PRIVILEGES IN SCHEMA {} ").format(of)
        for change in changes(wanted, rights, sql.SQL(kind), to):
            yield start + change


def on_relations(cursor, values: dict, to: sql.Identifier, of) -> Iterator[sql.Composed]:
    cursor.execute(RELATIONS, values)
    for name, kind, of_role, on_columns, of_all in cursor.fetchall():
        wanted = OF_KIND.get(kind) or EXCEPTIONS.get(name, ROWS)
        word = sql.SQL("SEQUENCE" if kind == "S" else "TABLE")
        what = sql.SQL("{} {}.{}").format(word, of, sql.Identifier(name))
        # To revoke a right on the table takes it from the columns as well.
        found = frozenset(of_role) | (frozenset(on_columns) - wanted)
        yield from changes(wanted, found, what, to)
        yield from changes(frozenset(), frozenset(of_all), what, sql.SQL("PUBLIC"))


def changes(wanted: frozenset, found: frozenset, on, to) -> Iterator[sql.Composed]:
    for verb, link, rights in (
        ("GRANT", "TO", wanted - found),
        ("REVOKE", "FROM", found - wanted),
    ):
        if rights:
            listed = sql.SQL(", ".join(sorted(rights)))
            yield sql.SQL(f"{verb} {{}} ON {{}} {link} {{}}").format(listed, on, to)
