"""What is told under the enterprise of a new lead, before it is saved."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from crm.intake import find_enterprise
from crm.models import Enterprise, Lead
from zone import identifiers

MOST_NAMES = 5


def chosen(enterprises, key: str) -> Enterprise | None:
    """Return the one of ``enterprises`` with this key; an address may carry anything."""
    try:
        return enterprises.filter(pk=key).first() if key else None
    except ValidationError:
        return None


def lines(user, enterprise: Enterprise | None, name: str) -> list[str]:
    """Return who courts the investor and which names are like this, as far as ``user`` sees."""
    if enterprise is not None:
        return _courted(user, enterprise)
    name = identifiers.registered_name(identifiers.line(name))
    if not name:
        return []
    if known := find_enterprise(name):
        return [*_on_record(user, known), *_courted(user, known)]
    new = Enterprise(name=name)
    Enterprise.set_derived_fields([new])
    return [*_alike(user, new), *_courted(user, new)]


def _courted(user, enterprise: Enterprise) -> list[str]:
    lead = Lead(enterprise=enterprise)
    known = Lead.objects.courting([lead], lock=False).get(lead)
    return [str(known.courted_words(user))] if known else []


def _on_record(user, enterprise: Enterprise) -> list[str]:
    if not Enterprise.objects.visible_to(user).filter(pk=enterprise.pk).exists():
        return []  # told when it is courted; who else looks after it is the office's to say
    return [_("“%(name)s” is on record; the lead will be filed there.") % {"name": enterprise}]


def _alike(user, new: Enterprise) -> list[str]:
    rows = Enterprise.objects.visible_to(user).filter(name_key=new.name_key)
    names = "、".join(row.name for row in rows[:MOST_NAMES])
    return [_("Of like name: %(names)s. Is it the same?") % {"names": names}] if names else []
