"""What the database itself does for clients of the interface.

It counts the changes of their rights, and binds the name of a source to one client at a time.

Whatever a client copied while it had other rights lacks rows, so a cursor holds for one count
(``zone.feed.scope``). Only what is read counts: a right to write more loses nobody a row.
"""

from django.db import migrations

CLIENTS = "zone_apiclient"
SOURCES = "zone_apiclient.sources"  # what whoever binds one locks
LINKS = ("zone_apiclient_chains", "zone_apiclient_parks")

FORWARDS = f"""
CREATE FUNCTION zone_readable(scopes varchar[]) RETURNS text[] LANGUAGE sql IMMUTABLE AS $$
  SELECT ARRAY(SELECT DISTINCT s FROM unnest(scopes) s WHERE s LIKE '%:read' ORDER BY s)
$$;
CREATE FUNCTION zone_count_rights() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  -- A row that was read a while ago, saved whole, does not set the count back.
  NEW.rights := greatest(NEW.rights, OLD.rights);
  IF NEW.whole_zone <> OLD.whole_zone OR zone_readable(NEW.scopes) <> zone_readable(OLD.scopes)
  THEN
    NEW.rights := NEW.rights + 1;
  END IF;
  RETURN NEW;
END $$;
CREATE FUNCTION zone_count_linked_rights() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE {CLIENTS} SET rights = rights + 1 WHERE id IN (OLD.apiclient_id, NEW.apiclient_id);
  RETURN NULL;
END $$;
CREATE TRIGGER count_rights BEFORE UPDATE ON {CLIENTS}
  FOR EACH ROW EXECUTE FUNCTION zone_count_rights();
""" + "\n".join(
    f"CREATE TRIGGER count_rights AFTER INSERT OR UPDATE OR DELETE ON {table} "
    "FOR EACH ROW EXECUTE FUNCTION zone_count_linked_rights();"
    for table in LINKS
)
BACKWARDS = (
    "\n".join(f"DROP TRIGGER count_rights ON {table};" for table in (*LINKS, CLIENTS))
    + """
DROP FUNCTION zone_count_linked_rights();
DROP FUNCTION zone_count_rights();
DROP FUNCTION zone_readable(varchar[]);
"""
)


def count_rights() -> migrations.RunSQL:
    return migrations.RunSQL(FORWARDS, BACKWARDS)


# Two systems under one name would overwrite each other's references.
ONE_CLIENT = f"""
CREATE FUNCTION zone_bind_source() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'INSERT' OR NEW.sources IS DISTINCT FROM OLD.sources THEN
    PERFORM pg_advisory_xact_lock(hashtext('{SOURCES}'));
    IF EXISTS (SELECT FROM {CLIENTS} WHERE id <> NEW.id AND sources && NEW.sources) THEN
      RAISE unique_violation USING MESSAGE = 'a source belongs to one client',
        CONSTRAINT = 'apiclient_source_once', TABLE = '{CLIENTS}';
    END IF;
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER bind_source BEFORE INSERT OR UPDATE OF sources ON {CLIENTS}
  FOR EACH ROW EXECUTE FUNCTION zone_bind_source();
"""


def bind_sources() -> migrations.RunSQL:
    undo = f"DROP TRIGGER bind_source ON {CLIENTS}; DROP FUNCTION zone_bind_source()"
    return migrations.RunSQL(ONE_CLIENT, undo)
