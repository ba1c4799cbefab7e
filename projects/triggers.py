"""Triggers of this app's tables."""

from zone.database.objects import function, trigger

# Two transactions that each add 60 % would both find room: the lock makes them take turns.
# An advisory one, since both already share the project's row (by its foreign key) and would
# deadlock on it. Deferred, so that shares can be moved between people within one save.
CREDIT_TOTAL = """
BEGIN
  PERFORM pg_advisory_xact_lock(hashtext('credit'), hashtext(NEW.project_id::text));
  IF (SELECT sum(share) FROM projects_credit WHERE project_id = NEW.project_id) > 100 THEN
    RAISE EXCEPTION 'the shares of a project sum to at most 100 %%'
      USING ERRCODE = 'check_violation', CONSTRAINT = 'credit_total_within_100';
  END IF;
  RETURN NULL;
END """
OBJECTS = (
    function("projects_check_credit_total()", CREDIT_TOTAL),
    trigger(
        "credit_total_within_100",
        "projects_credit",
        "AFTER INSERT OR UPDATE ON {table} DEFERRABLE INITIALLY DEFERRED FOR EACH ROW",
        "projects_check_credit_total()",
    ),
)
