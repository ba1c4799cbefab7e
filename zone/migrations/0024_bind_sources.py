"""Give source names their normal form, and bind each to the client that has used it.

A reference whose name in its normal form is another row's keeps its spelling: it is shown, and
nothing is found by it. A source is bound to the client in use with a right to write that sent
uploads under it or made rows with references of it. What two such clients used is bound to
neither, for nobody can tell here whose it is: the security administrator binds it.
"""

from collections import defaultdict

from django.db import migrations

from zone.identifiers import source_code

LONGEST = 50
TWICE = """
DELETE FROM zone_externalref old USING zone_externalref kept
WHERE old.source = %(name)s AND kept.source = %(code)s AND kept.entity = old.entity
  AND kept.external_id = old.external_id AND kept.object_id = old.object_id
"""
RENAMED = """
UPDATE zone_externalref old SET source = %(code)s WHERE source = %(name)s AND NOT EXISTS (
  SELECT FROM zone_externalref kept WHERE kept.source = %(code)s
    AND kept.entity = old.entity AND kept.external_id = old.external_id)
"""
# The first reference of a row is its maker's: it is written before the row.
USED = """
SELECT client_id, source FROM zone_apiupload
UNION
SELECT client.id, first.source
FROM (SELECT DISTINCT ON (entity, object_id) object_id::text AS row, source
  FROM zone_externalref ORDER BY entity, object_id, id) first
JOIN zone_auditentry line ON line.object_id = first.row AND line.action = 'CREATED'
JOIN zone_apiclient client ON client.account_id = line.by_id
"""


def normalise(apps, editor):
    with editor.connection.cursor() as cursor:
        for table in ("zone_externalref", "zone_apiupload"):
            cursor.execute(f"SELECT DISTINCT source FROM {table} ORDER BY source")
            names = {name: source_code(name) for (name,) in cursor.fetchall()}
            for name, code in names.items():
                if name == code or not 1 <= len(code) <= LONGEST:
                    continue
                said = {"name": name, "code": code}
                if table == "zone_externalref":
                    cursor.execute(TWICE, said)
                    cursor.execute(RENAMED, said)
                else:
                    cursor.execute(
                        "UPDATE zone_apiupload SET source = %(code)s WHERE source = %(name)s", said
                    )


def bind(apps, editor):
    clients = {
        client.pk: client
        for client in apps.get_model("zone", "ApiClient").objects.filter(is_disabled=False)
        if any(scope.endswith(":write") for scope in client.scopes)
    }
    with editor.connection.cursor() as cursor:
        cursor.execute(USED)
        users = defaultdict(set)
        for pk, source in cursor.fetchall():
            if pk in clients:
                users[source_code(source)].add(pk)
    found = defaultdict(list)
    for source, pks in users.items():
        # A comma parts the names where a person writes them.
        if len(pks) == 1 and 1 <= len(source) <= LONGEST and "," not in source:
            found[pks.pop()].append(source)
    lines = apps.get_model("zone", "AuditEntry").objects
    for pk, sources in found.items():
        client = clients[pk]
        client.sources = sorted(sources)
        client.save(update_fields=["sources"])
        lines.create(
            action="RIGHTS",
            door="SYSTEM",
            model="zone.apiclient",
            object_id=str(pk),
            object_name=client.name,
            changes={"sources": ["", str(client.sources)]},
        )


class Migration(migrations.Migration):
    dependencies = [("zone", "0023_api_sources")]

    operations = [
        migrations.RunPython(normalise, migrations.RunPython.noop),
        migrations.RunPython(bind, migrations.RunPython.noop),
    ]
