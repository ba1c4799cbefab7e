"""Triggers of the interface's clients.

It counts the changes of their rights, and binds the name of a source to one client at a time.

Whatever a client copied while it had other rights lacks rows, so a cursor holds for one count
(``zone.feed.scope``). Only what is read counts: a right to write more loses nobody a row.
"""

from zone.database.objects import Function, function, trigger

CLIENTS = "zone_apiclient"
SOURCES = "zone_apiclient.sources"  # what whoever binds one locks
LINKS = ("zone_apiclient_chains", "zone_apiclient_parks")

READABLE = """CREATE OR REPLACE FUNCTION zone_readable(scopes varchar[]) RETURNS text[]
LANGUAGE sql IMMUTABLE AS $$
  SELECT ARRAY(SELECT DISTINCT s FROM unnest(scopes) s WHERE s LIKE '%:read' ORDER BY s)
$$"""
COUNT_RIGHTS = """
BEGIN
  -- A row that was read a while ago, saved whole, does not set the count back.
  NEW.rights := greatest(NEW.rights, OLD.rights);
  IF NEW.whole_zone <> OLD.whole_zone OR zone_readable(NEW.scopes) <> zone_readable(OLD.scopes)
  THEN
    NEW.rights := NEW.rights + 1;
  END IF;
  RETURN NEW;
END """
COUNT_LINKED_RIGHTS = f"""
BEGIN
  UPDATE {CLIENTS} SET rights = rights + 1 WHERE id IN (OLD.apiclient_id, NEW.apiclient_id);
  RETURN NULL;
END """
# Two systems under one name would overwrite each other's references.
BIND_SOURCE = f"""
BEGIN
  IF TG_OP = 'INSERT' OR NEW.sources IS DISTINCT FROM OLD.sources THEN
    PERFORM pg_advisory_xact_lock(hashtext('{SOURCES}'));
    IF EXISTS (SELECT FROM {CLIENTS} WHERE id <> NEW.id AND sources && NEW.sources) THEN
      RAISE unique_violation USING MESSAGE = 'a source belongs to one client',
        CONSTRAINT = 'apiclient_source_once', TABLE = '{CLIENTS}';
    END IF;
  END IF;
  RETURN NEW;
END """
ANY_CHANGE = "AFTER INSERT OR UPDATE OR DELETE ON {table} FOR EACH ROW"
OBJECTS = (
    Function("zone_readable(character varying[])", "", READABLE),
    function("zone_count_rights()", COUNT_RIGHTS),
    function("zone_count_linked_rights()", COUNT_LINKED_RIGHTS),
    function("zone_bind_source()", BIND_SOURCE),
    trigger(
        "count_rights", CLIENTS, "BEFORE UPDATE ON {table} FOR EACH ROW", "zone_count_rights()"
    ),
    *(trigger("count_rights", link, ANY_CHANGE, "zone_count_linked_rights()") for link in LINKS),
    trigger(
        "bind_source",
        CLIENTS,
        "BEFORE INSERT OR UPDATE OF sources ON {table} FOR EACH ROW",
        "zone_bind_source()",
    ),
)
