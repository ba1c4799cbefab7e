"""Triggers of this app's tables."""

from zone.database.objects import function, trigger

# A check sees one row only. Two who put A below B and B below A at once take turns by the lock, so
# that the second sees what the first has written; after the row, so that all of a batch is seen.
NO_CIRCLE = """
BEGIN
  PERFORM pg_advisory_xact_lock(hashtext('crm_enterprise'), hashtext('parent'));
  IF EXISTS (
    WITH RECURSIVE above(id, parent_id) AS (
      SELECT id, parent_id FROM crm_enterprise WHERE id = NEW.parent_id
      UNION SELECT e.id, e.parent_id FROM crm_enterprise e JOIN above a ON e.id = a.parent_id
    ) SELECT FROM above WHERE id = NEW.id
  ) THEN
    RAISE EXCEPTION 'an enterprise cannot stand above itself' USING
      ERRCODE = 'check_violation', CONSTRAINT = 'enterprise_no_circle', TABLE = 'crm_enterprise';
  END IF;
  RETURN NULL;
END """
OBJECTS = (
    function("crm_check_circle()", NO_CIRCLE),
    trigger(
        "enterprise_no_circle",
        "crm_enterprise",
        "AFTER INSERT OR UPDATE OF parent_id ON {table} FOR EACH ROW"
        " WHEN (NEW.parent_id IS NOT NULL)",
        "crm_check_circle()",
    ),
)
