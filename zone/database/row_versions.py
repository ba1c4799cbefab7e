"""The trigger that keeps ``version`` and ``updated_at`` of every business row honest.

Bulk updates, raw SQL, the admin and imports all pass it; a write that changes nothing
leaves the version alone, so a reader who compares versions sees real changes only.
"""

from django.db import migrations

FUNCTION = """
CREATE FUNCTION zone_touch_row() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.version := OLD.version;
  NEW.created_at := OLD.created_at;
  NEW.updated_at := OLD.updated_at;
  IF NEW IS DISTINCT FROM OLD THEN
    NEW.version := OLD.version + 1;
    NEW.updated_at := clock_timestamp();
  END IF;
  RETURN NEW;
END $$
"""
# What belongs to a row and stands in another table (its external references) is part of what
# its version stands for: whoever writes there sets this for the moment of the UPDATE.
DISTINCT = "NEW IS DISTINCT FROM OLD"
TOUCHED = "current_setting('zone.touched', true) = 'on'"


def create_function() -> migrations.RunSQL:
    return migrations.RunSQL(FUNCTION, "DROP FUNCTION zone_touch_row()")


def touch(*tables: str) -> list[migrations.RunSQL]:
    """Return the operations that put the trigger on ``tables``."""
    return [
        migrations.RunSQL(
            f"CREATE TRIGGER touch_row BEFORE UPDATE ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION zone_touch_row()",
            f"DROP TRIGGER touch_row ON {table}",
        )
        for table in tables
    ]


def let_touch() -> migrations.RunSQL:
    """Return the operation that lets ``zone.touched`` raise the version of a row as it is."""
    replaced = FUNCTION.replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION")
    touchable = replaced.replace(f"{DISTINCT} THEN", f"{DISTINCT} OR {TOUCHED} THEN")
    return migrations.RunSQL(touchable, replaced)
