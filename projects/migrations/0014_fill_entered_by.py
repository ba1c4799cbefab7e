from django.db import migrations

# From the lines of their making, as long as the trail still has them.
FILL = """
UPDATE {table} made SET entered_by_id = line.by_id
FROM zone_auditentry line JOIN zone_user maker ON maker.id = line.by_id
WHERE line.model = '{model}' AND line.action = 'CREATED' AND line.object_id = made.id::text
"""


class Migration(migrations.Migration):
    dependencies = [("projects", "0013_entered_by")]

    operations = [
        migrations.RunSQL(
            FILL.format(table=f"projects_{name}", model=f"projects.{name}"),
            migrations.RunSQL.noop,
        )
        for name in ("agreement", "project")
    ]
