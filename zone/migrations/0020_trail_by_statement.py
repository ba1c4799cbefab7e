from django.db import migrations

from zone.audit import triggers as sql

OLD = sql.OF_CHAIN[-2:]


class Migration(migrations.Migration):
    dependencies = [("zone", "0019_rights")]

    operations = [
        migrations.RunSQL(sql.drop(OLD), sql.create(OLD)),
        migrations.RunSQL(sql.DROP_STEPS + sql.LINK_ENTRIES, sql.UNDO_LINK_ENTRIES),
        migrations.RunSQL(sql.create(sql.BY_STATEMENT), sql.drop(sql.BY_STATEMENT)),
    ]
