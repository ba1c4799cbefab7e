"""The tables behind the change feed: the log, and what it knows about itself.

They are no models: ``xid8`` has no field in Django, and nobody is to write them but triggers.
The log's order is that of ``(xid, seq)``: a reader takes what lies below the oldest transaction
still running, so nothing can appear behind it (``zone.sync.pages``). Letters of ``op``: I, U and
D are changes of the row itself, V is a change of who sees it, made in another table.
"""

LOG, STATE = "zone_change", "zone_feed"

# TRUNCATE leaves no rows to tell of: every client has to begin anew.
TRUNCATED = f"""
BEGIN
  UPDATE {STATE} SET epoch = gen_random_uuid();
  RETURN NULL;
END """
REFUSE_MOVE = """
BEGIN
  RAISE EXCEPTION '% of % never changes', TG_ARGV[0], TG_TABLE_NAME
    USING ERRCODE = 'check_violation', CONSTRAINT = TG_ARGV[1];
END """
