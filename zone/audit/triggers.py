"""What the database itself does for the audit trail: it refuses changes and seals each line.

Every trigger is ``ENABLE ALWAYS``: ``session_replication_role = replica`` does not pass it.

A line is sealed at commit by a link: sha256 of the link before it and of the line's own text.
The seal comes in two steps. Deferred triggers run in the order of their rows, so a first one
could take the chain's lock while foreign keys of later rows still have to wait for somebody
who waits for that lock. The first step therefore only queues the line; what is queued while
deferred triggers run has its turn after all of them, and there the lock is held for an instant.
Links stand in the order of commits (READ COMMITTED: the head is read after the lock).
"""

ENTRIES, LINKS, QUEUE = "zone_auditentry", "zone_auditlink", "zone_auditqueue"
KEPT_DAYS = 183

APPEND_ONLY = f"""
CREATE FUNCTION zone_refuse_trail_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'the audit trail is append-only: % of % is refused', TG_OP, TG_TABLE_NAME
    USING ERRCODE = 'restrict_violation';
END $$;
CREATE FUNCTION zone_guard_trail_delete() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  written date;
BEGIN
  IF TG_TABLE_NAME = '{LINKS}' THEN
    written := OLD.day;
  ELSE
    written := (OLD.at AT TIME ZONE 'Asia/Shanghai')::date;
  END IF;
  IF written >= (now() AT TIME ZONE 'Asia/Shanghai')::date - {KEPT_DAYS} THEN
    RAISE EXCEPTION 'the audit trail keeps {KEPT_DAYS} days: DELETE of a line of % is refused',
      to_char(written, 'YYYY-MM-DD') USING ERRCODE = 'restrict_violation';
  END IF;
  IF current_setting('zone.purge', true) IS DISTINCT FROM 'on' THEN
    RAISE EXCEPTION 'the audit trail is append-only: only purge_audit removes old lines'
      USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN OLD;
END $$;
CREATE FUNCTION zone_stamp_trail() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.at := clock_timestamp();
  RETURN NEW;
END $$;
"""
UNDO_APPEND_ONLY = """
DROP FUNCTION zone_stamp_trail();
DROP FUNCTION zone_guard_trail_delete();
DROP FUNCTION zone_refuse_trail_change();
"""

LINK_ENTRY = f"""
CREATE FUNCTION zone_link_entry(wanted bigint) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  entry {ENTRIES};
  head {LINKS};
  today date;
BEGIN
  PERFORM pg_advisory_xact_lock(hashtext('{LINKS}'));
  SELECT * INTO head FROM {LINKS} ORDER BY position DESC LIMIT 1;
  SELECT * INTO entry FROM {ENTRIES} WHERE id = wanted;
  head.position := coalesce(head.position, 0) + 1;
  head.hash := coalesce(head.hash, '');
  -- A clock that is set back never puts a line into a day that is over.
  today := greatest(head.day, (clock_timestamp() AT TIME ZONE 'Asia/Shanghai')::date);
  INSERT INTO {LINKS} (position, day, entry_id, previous, hash)
  VALUES (head.position, today, wanted, head.hash,
          zone_trail_hash(head.hash, head.position, today, entry));
END $$;
"""
STEPS = f"""
CREATE FUNCTION zone_queue_link() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO {QUEUE} VALUES (NEW.id);
  RETURN NULL;
END $$;
CREATE FUNCTION zone_link_queued() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM zone_link_entry(NEW.entry_id);
  DELETE FROM {QUEUE} WHERE entry_id = NEW.entry_id;
  RETURN NULL;
END $$;
"""
QUEUED = f"""
-- Empty after every commit, so nothing is lost when a crash empties it.
CREATE UNLOGGED TABLE {QUEUE} (entry_id bigint PRIMARY KEY);
"""
CHAIN = f"""
CREATE FUNCTION zone_trail_hash(previous text, place bigint, day date, entry {ENTRIES})
RETURNS text LANGUAGE sql STABLE AS $$
  SELECT encode(sha256(convert_to(previous || jsonb_build_array(
    place, day, entry.id, entry.at AT TIME ZONE 'UTC', entry.action, entry.by_id, entry.by_name,
    entry.door, host(entry.address), entry.model, entry.object_id, entry.object_name,
    entry.parent, entry.changes, entry.why, entry.detail
  )::text, 'UTF8')), 'hex')
$$;
{LINK_ENTRY}{STEPS}{QUEUED}"""
UNDO_CHAIN = f"""
DROP TABLE {QUEUE};
DROP FUNCTION zone_link_queued();
DROP FUNCTION zone_queue_link();
DROP FUNCTION zone_link_entry(bigint);
DROP FUNCTION zone_trail_hash(text, bigint, date, {ENTRIES});
"""
LINK_OLD_LINES = f"DO $$ BEGIN PERFORM zone_link_entry(id) FROM {ENTRIES} ORDER BY id; END $$"

# Later: the lines of one statement are one entry in the queue, and are sealed in one pass. The
# queue's own trigger takes both steps: it puts what it finds behind all that waits, then seals.
LINK_ENTRIES = f"""
CREATE FUNCTION zone_link_entries(wanted bigint[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  entry {ENTRIES};
  last {LINKS};
BEGIN
  PERFORM pg_advisory_xact_lock(hashtext('{LINKS}'));
  SELECT * INTO last FROM {LINKS} ORDER BY position DESC LIMIT 1;
  last.position := coalesce(last.position, 0);
  last.hash := coalesce(last.hash, '');
  -- A clock that is set back never puts a line into a day that is over.
  last.day := greatest(last.day, (clock_timestamp() AT TIME ZONE 'Asia/Shanghai')::date);
  FOR entry IN SELECT * FROM {ENTRIES} WHERE id = ANY(wanted) ORDER BY id LOOP
    last.position := last.position + 1;
    last.previous := last.hash;
    last.hash := zone_trail_hash(last.previous, last.position, last.day, entry);
    INSERT INTO {LINKS} (position, day, entry_id, previous, hash)
    VALUES (last.position, last.day, entry.id, last.previous, last.hash);
  END LOOP;
END $$;
CREATE OR REPLACE FUNCTION zone_link_entry(wanted bigint) RETURNS void LANGUAGE sql AS $$
  SELECT zone_link_entries(ARRAY[wanted])
$$;
CREATE FUNCTION zone_queue_link() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO {QUEUE} (entry_ids) SELECT array_agg(id) FROM new_rows HAVING count(*) > 0;
  RETURN NULL;
END $$;
CREATE FUNCTION zone_link_queued() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.is_behind THEN
    PERFORM zone_link_entries(NEW.entry_ids);
  ELSE
    INSERT INTO {QUEUE} (entry_ids, is_behind) VALUES (NEW.entry_ids, true);
  END IF;
  DELETE FROM {QUEUE} WHERE id = NEW.id;
  RETURN NULL;
END $$;
-- Empty after every commit, so nothing is lost when a crash empties it.
CREATE UNLOGGED TABLE {QUEUE} (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  entry_ids bigint[] NOT NULL,
  is_behind boolean NOT NULL DEFAULT false
);
"""
DROP_STEPS = f"""
DROP TABLE {QUEUE};
DROP FUNCTION zone_link_queued();
DROP FUNCTION zone_queue_link();
"""
UNDO_LINK_ENTRIES = f"""
{DROP_STEPS}
DROP FUNCTION zone_link_entry(bigint);
DROP FUNCTION zone_link_entries(bigint[]);
{LINK_ENTRY}{STEPS}{QUEUED}
"""

# Whoever adds a line has no right to write links: the triggers that do have their owner's. Nobody
# else puts such a function on a table of his own, or one of his own in front of ours.
SEALING = ("zone_queue_link", "zone_link_queued")
SEAL_AS_OWNER = f"""
DO $$
DECLARE
  name text;
BEGIN
  FOREACH name IN ARRAY ARRAY{list(SEALING)} LOOP
    EXECUTE format('ALTER FUNCTION %I() SECURITY DEFINER SET search_path = %I, pg_temp',
                   name, current_schema());
    EXECUTE format('REVOKE ALL ON FUNCTION %I() FROM PUBLIC', name);
  END LOOP;
END $$;
"""
SEAL_AS_ANYBODY = "\n".join(
    f"ALTER FUNCTION {name}() SECURITY INVOKER RESET search_path;\n"
    f"GRANT EXECUTE ON FUNCTION {name}() TO PUBLIC;"
    for name in SEALING
)

REFUSE = "BEFORE UPDATE OR TRUNCATE ON {table} EXECUTE FUNCTION zone_refuse_trail_change()"
GUARD = "BEFORE DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION zone_guard_trail_delete()"
STAMP = "BEFORE INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION zone_stamp_trail()"
AT_COMMIT = "AFTER INSERT ON {table} DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION"
# (table, trigger, what it is): the second table exists from the second migration on.
OF_ENTRIES = (
    (ENTRIES, "refuse_change", f"TRIGGER refuse_change {REFUSE}"),
    (ENTRIES, "guard_delete", f"TRIGGER guard_delete {GUARD}"),
    (ENTRIES, "stamp", f"TRIGGER stamp {STAMP}"),
)
OF_CHAIN = (
    (LINKS, "refuse_change", f"TRIGGER refuse_change {REFUSE}"),
    (LINKS, "guard_delete", f"TRIGGER guard_delete {GUARD}"),
    (ENTRIES, "queue_link", f"CONSTRAINT TRIGGER queue_link {AT_COMMIT} zone_queue_link()"),
    (QUEUE, "link_queued", f"CONSTRAINT TRIGGER link_queued {AT_COMMIT} zone_link_queued()"),
)
BY_STATEMENT = (
    (
        ENTRIES,
        "queue_link",
        "TRIGGER queue_link AFTER INSERT ON {table} REFERENCING NEW TABLE AS new_rows "
        "EXECUTE FUNCTION zone_queue_link()",
    ),
    OF_CHAIN[-1],
)


def create(triggers) -> str:
    return "\n".join(
        f"CREATE {definition.format(table=table)};\n"
        f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {name};"
        for table, name, definition in triggers
    )


def drop(triggers) -> str:
    return "\n".join(f"DROP TRIGGER {name} ON {table};" for table, name, _definition in triggers)
