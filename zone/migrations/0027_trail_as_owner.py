from django.db import migrations

from zone.audit import triggers as sql


class Migration(migrations.Migration):
    dependencies = [("zone", "0026_tidy_texts")]

    operations = [migrations.RunSQL(sql.SEAL_AS_OWNER, sql.SEAL_AS_ANYBODY)]
