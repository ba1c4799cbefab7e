"""The tables behind the change feed: the log, and what it knows about itself.

They are no models: ``xid8`` has no field in Django, and nobody is to write them but triggers.
The log's order is that of ``(xid, seq)``: a reader takes what lies below the oldest transaction
still running, so nothing can appear behind it (``zone.sync.pages``). Letters of ``op``: I, U and
D are changes of the row itself, V is a change of who sees it, made in another table.
"""

LOG, STATE = "zone_change", "zone_feed"

CREATE = f"""
CREATE TABLE {LOG} (
  seq bigint GENERATED ALWAYS AS IDENTITY,
  xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
  entity smallint NOT NULL,
  object_id uuid NOT NULL,
  version bigint,
  op "char" NOT NULL,
  tokens uuid[] NOT NULL,
  origin uuid DEFAULT nullif(current_setting('zone.origin', true), '')::uuid,
  changed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (xid, seq)
);
-- The version of a tombstone is looked up here.
CREATE INDEX {LOG}_deleted ON {LOG} (object_id) WHERE op = 'D';
CREATE TABLE {STATE} (
  one boolean PRIMARY KEY DEFAULT true CHECK (one),
  epoch uuid NOT NULL DEFAULT gen_random_uuid(),
  floor_xid xid8 NOT NULL DEFAULT '0',
  floor_seq bigint NOT NULL DEFAULT 0
);
INSERT INTO {STATE} DEFAULT VALUES;
-- TRUNCATE leaves no rows to tell of: every client has to begin anew.
CREATE FUNCTION zone_feed_truncated() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE {STATE} SET epoch = gen_random_uuid();
  RETURN NULL;
END $$;
CREATE FUNCTION zone_feed_refuse_move() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% of % never changes', TG_ARGV[0], TG_TABLE_NAME
    USING ERRCODE = 'check_violation', CONSTRAINT = TG_ARGV[1];
END $$;
"""
DROP = f"""
DROP FUNCTION IF EXISTS feed_zone_externalref_insert() CASCADE;
DROP FUNCTION IF EXISTS feed_zone_externalref_update() CASCADE;
DROP FUNCTION IF EXISTS feed_zone_externalref_delete() CASCADE;
DROP FUNCTION zone_feed_refuse_move();
DROP FUNCTION zone_feed_truncated();
DROP TABLE {STATE};
DROP TABLE {LOG};
"""
