from django.db import migrations

from zone.audit import triggers as sql


class Migration(migrations.Migration):
    dependencies = [("zone", "0006_trail_links")]

    operations = [
        migrations.RunSQL(sql.CHAIN, sql.UNDO_CHAIN),
        migrations.RunSQL(sql.LINK_OLD_LINES, migrations.RunSQL.noop),
        migrations.RunSQL(sql.create(sql.OF_CHAIN), sql.drop(sql.OF_CHAIN)),
    ]
