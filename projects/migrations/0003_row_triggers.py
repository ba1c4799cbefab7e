from django.db import migrations

from zone.database.row_versions import touch

# Two transactions that each add 60 % would both find room: the lock makes them take turns.
# An advisory one, since both already share the project's row (by its foreign key) and would
# deadlock on it. Deferred, so that shares can be moved between people within one save.
CREDIT_TOTAL = """
CREATE FUNCTION projects_check_credit_total() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_advisory_xact_lock(hashtext('credit'), hashtext(NEW.project_id::text));
  IF (SELECT sum(share) FROM projects_credit WHERE project_id = NEW.project_id) > 100 THEN
    RAISE EXCEPTION 'the shares of a project sum to at most 100 %%'
      USING ERRCODE = 'check_violation', CONSTRAINT = 'credit_total_within_100';
  END IF;
  RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER credit_total_within_100
  AFTER INSERT OR UPDATE ON projects_credit DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW EXECUTE FUNCTION projects_check_credit_total();
"""
UNDO_CREDIT_TOTAL = """
DROP TRIGGER credit_total_within_100 ON projects_credit;
DROP FUNCTION projects_check_credit_total();
"""


class Migration(migrations.Migration):
    dependencies = [("projects", "0002_links"), ("zone", "0002_row_triggers")]

    operations = [
        *touch(
            "projects_agreement",
            "projects_capitalarrival",
            "projects_credit",
            "projects_occupancy",
            "projects_project",
        ),
        migrations.RunSQL(CREDIT_TOTAL, UNDO_CREDIT_TOTAL),
        migrations.RunSQL(
            "CREATE INDEX projects_project_name_trgm ON projects_project "
            "USING gin (upper(name::text) gin_trgm_ops)",
            "DROP INDEX projects_project_name_trgm",
        ),
    ]
