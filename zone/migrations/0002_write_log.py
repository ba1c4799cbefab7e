from django.db import migrations

# No model: xid8 has no field in Django, and nobody is to write this but triggers.
WRITES = """
CREATE TABLE zone_write (
  source oid NOT NULL,
  xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
  at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (source, xid)
);
"""


class Migration(migrations.Migration):
    dependencies = [("zone", "0001_initial")]

    operations = [migrations.RunSQL(WRITES, "DROP TABLE zone_write")]
