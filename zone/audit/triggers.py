"""Triggers of the audit trail: they refuse changes and seal each line.

Every trigger is ``ENABLE ALWAYS``: ``session_replication_role = replica`` does not pass it.

A line is sealed at commit by a link: sha256 of the link before it and of the line's own text.
The seal comes in two steps. Deferred triggers run in the order of their rows, so a first one
could take the chain's lock while foreign keys of later rows still have to wait for somebody
who waits for that lock. The first step therefore only queues the line; what is queued while
deferred triggers run has its turn after all of them, and there the lock is held for an instant.
Links stand in the order of commits (READ COMMITTED: the head is read after the lock).
"""

from dataclasses import replace

from zone.database.objects import HERE, Function, Trigger, function, trigger

ENTRIES, LINKS, QUEUE = "zone_auditentry", "zone_auditlink", "zone_auditqueue"
KEPT_DAYS = 183


SIGNATURE = f"zone_trail_hash(text,bigint,date,{ENTRIES})"
REFUSE_CHANGE = """
BEGIN
  RAISE EXCEPTION 'the audit trail is append-only: % of % is refused', TG_OP, TG_TABLE_NAME
    USING ERRCODE = 'restrict_violation';
END """
GUARD_DELETE = f"""
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
END """
STAMP_LINE = """
BEGIN
  NEW.at := clock_timestamp();
  RETURN NEW;
END """
HASH = f"""CREATE OR REPLACE FUNCTION
zone_trail_hash(previous text, place bigint, day date, entry {ENTRIES})
RETURNS text LANGUAGE sql STABLE AS $$
  SELECT encode(sha256(convert_to(previous || jsonb_build_array(
    place, day, entry.id, entry.at AT TIME ZONE 'UTC', entry.action, entry.by_id, entry.by_name,
    entry.door, host(entry.address), entry.model, entry.object_id, entry.object_name,
    entry.parent, entry.changes, entry.why, entry.detail
  )::text, 'UTF8')), 'hex')
$$"""
# The lines of one statement are one entry in the queue, and are sealed in one pass. The queue's
# own trigger takes both steps: it puts what it finds behind all that waits, then seals.
LINK_ENTRIES = f"""
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
END """
LINK_ENTRY = """CREATE OR REPLACE FUNCTION zone_link_entry(wanted bigint) RETURNS void
LANGUAGE sql AS $$
  SELECT zone_link_entries(ARRAY[wanted])
$$"""
QUEUE_LINK = f"""
BEGIN
  INSERT INTO {QUEUE} (entry_ids) SELECT array_agg(id) FROM new_rows HAVING count(*) > 0;
  RETURN NULL;
END """
LINK_QUEUED = f"""
BEGIN
  IF NEW.is_behind THEN
    PERFORM zone_link_entries(NEW.entry_ids);
  ELSE
    INSERT INTO {QUEUE} (entry_ids, is_behind) VALUES (NEW.entry_ids, true);
  END IF;
  DELETE FROM {QUEUE} WHERE id = NEW.id;
  RETURN NULL;
END """


def sealing(name: str, body: str) -> Function:
    """Return a trigger's function that writes links, which whoever adds a line may not.

    It has its owner's rights. Nobody else puts it on a table of his own, or one of his own in
    front of ours.
    """
    made = function(
        f"{name}()", body, options=f"SECURITY DEFINER SET search_path = {HERE}, pg_temp"
    )
    return replace(made, sql=f"{made.sql};\nREVOKE ALL ON FUNCTION {name}() FROM PUBLIC")


REFUSE = "BEFORE UPDATE OR TRUNCATE ON {table}"
GUARD = "BEFORE DELETE ON {table} FOR EACH ROW"
AT_COMMIT = "AFTER INSERT ON {table} DEFERRABLE INITIALLY DEFERRED FOR EACH ROW"
BY_STATEMENT = "AFTER INSERT ON {table} REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT"


def _always(name: str, table: str, when: str, call: str) -> Trigger:
    return trigger(name, table, when, call, always=True)


FUNCTIONS = (
    function("zone_refuse_trail_change()", REFUSE_CHANGE),
    function("zone_guard_trail_delete()", GUARD_DELETE),
    function("zone_stamp_trail()", STAMP_LINE),
    Function(SIGNATURE, ENTRIES, HASH),
    function("zone_link_entries(wanted bigint[])", LINK_ENTRIES, returns="void", table=LINKS),
    Function("zone_link_entry(bigint)", LINKS, LINK_ENTRY),
    sealing("zone_queue_link", QUEUE_LINK),
    sealing("zone_link_queued", LINK_QUEUED),
)
TRIGGERS = (
    _always("refuse_change", ENTRIES, REFUSE, "zone_refuse_trail_change()"),
    _always("guard_delete", ENTRIES, GUARD, "zone_guard_trail_delete()"),
    _always("stamp", ENTRIES, "BEFORE INSERT ON {table} FOR EACH ROW", "zone_stamp_trail()"),
    _always("queue_link", ENTRIES, BY_STATEMENT, "zone_queue_link()"),
    _always("refuse_change", LINKS, REFUSE, "zone_refuse_trail_change()"),
    _always("guard_delete", LINKS, GUARD, "zone_guard_trail_delete()"),
    _always("link_queued", QUEUE, AT_COMMIT, "zone_link_queued()"),
)
OBJECTS = (*FUNCTIONS, *TRIGGERS)
