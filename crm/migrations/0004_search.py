from django.db import migrations


def trigram(table: str, column: str) -> migrations.RunSQL:
    """Serve the admin's ``icontains``, which compares in upper case."""
    name = f"{table}_{column}_trgm"
    return migrations.RunSQL(
        f"CREATE INDEX {name} ON {table} USING gin (upper({column}::text) gin_trgm_ops)",
        f"DROP INDEX {name}",
    )


class Migration(migrations.Migration):
    dependencies = [("crm", "0003_row_triggers")]

    operations = [trigram("crm_enterprise", "name"), trigram("crm_lead", "title")]
