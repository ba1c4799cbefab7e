from django.db import migrations

from zone.audit import triggers as sql


class Migration(migrations.Migration):
    dependencies = [("zone", "0004_people")]

    operations = [
        migrations.RunSQL(sql.APPEND_ONLY, sql.UNDO_APPEND_ONLY),
        migrations.RunSQL(sql.create(sql.OF_ENTRIES), sql.drop(sql.OF_ENTRIES)),
    ]
