"""The trigger that keeps ``version`` and ``updated_at`` of every business row honest.

Bulk updates, raw SQL, the admin and imports all pass it; a write that changes nothing
leaves the version alone, so a reader who compares versions sees real changes only.
"""

from __future__ import annotations

from collections.abc import Iterator

from django.apps import apps
from django.db import models

from zone.database.objects import DatabaseObject, function, trigger

# What belongs to a row and stands in another table (its external references) is part of what
# its version stands for: whoever writes there sets zone.touched for the moment of the UPDATE.
TOUCH = function(
    "zone_touch_row()",
    """
BEGIN
  NEW.version := OLD.version;
  NEW.created_at := OLD.created_at;
  NEW.updated_at := OLD.updated_at;
  IF NEW IS DISTINCT FROM OLD OR current_setting('zone.touched', true) = 'on' THEN
    NEW.version := OLD.version + 1;
    NEW.updated_at := clock_timestamp();
  END IF;
  RETURN NEW;
END """,
)


def objects() -> Iterator[DatabaseObject]:
    yield TOUCH
    for model in apps.get_models():
        if hasattr(model, "BELONGS_TO"):  # every Row says what it belongs to
            yield of_model(model)


def of_model(model: type[models.Model]) -> DatabaseObject:
    when = "BEFORE UPDATE ON {table} FOR EACH ROW"
    return trigger("touch_row", model._meta.db_table, when, "zone_touch_row()")
