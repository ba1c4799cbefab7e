"""What is told while the enterprise of a new lead is typed: who it may be, and who courts it."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet
from django.db.models.functions import Length
from django.utils.translation import gettext as _

from crm.intake import find_enterprise
from crm.models import Enterprise, Lead
from zone import identifiers
from zone.calendar import local_date
from zone.database import pinyin
from zone.database.plans import with_rows
from zone.database.search import search

SHORTEST, LONGEST = 2, 200  # characters that are looked up
MOST_OPTIONS, MOST_NAMES = 6, 5
NEAR = 40  # found each way, and looked through for those within reach


@dataclass(frozen=True)
class Option:
    """An enterprise to choose, or the new one that is typed, and who courts it."""

    name: str
    note: str
    is_courted: bool
    is_new: bool = False


def look_up(user, text: str) -> dict:
    """Return the options for what was typed, and what is to be said of just this name."""
    name = identifiers.registered_name(identifiers.line(text[:LONGEST]))
    if len(identifiers.folded(name)) < SHORTEST:
        return {"options": [], "lines": []}
    typed = find_enterprise(name) or _new(name)
    found = _candidates(user, name, typed)
    courted = _courted(user, [typed, *found])
    options = [_option(one.name, *courted.get(one, (None, False))) for one in found]
    # One on record that is out of reach is told of as little as one that nobody has entered.
    is_new = typed not in found
    if is_new:
        options.append(_option(name, *courted.get(typed, (None, False)), is_new=True))
    lines = _alike(typed, found) if is_new else [_on_record(typed)]
    if typed in courted:
        lines.append(str(courted[typed][0].courted_words(user)))
    return {"options": [asdict(option) for option in options], "lines": lines}


def chosen(enterprises, key: str) -> Enterprise | None:
    """Return the one of ``enterprises`` with this key; an address may carry anything."""
    try:
        return enterprises.filter(pk=key).first() if key else None
    except ValidationError:
        return None


def _new(name: str) -> Enterprise:
    new = Enterprise(name=name)
    Enterprise.set_derived_fields([new])
    return new


def _candidates(user, name: str, typed: Enterprise) -> list[Enterprise]:
    """Return the enterprises within reach that may be meant, by the first way that finds some.

    Who may see them is asked once, of those found: that costs more than finding them.
    """
    found: list = []
    for near in (_like(name, typed.name_key), _read_so(name), _holding(name)):
        found += near.order_by().values_list("pk", flat=True)[:NEAR]
        if len(found) >= MOST_OPTIONS:
            break
    if not found:
        return []
    rows = with_rows(Enterprise.objects.visible_to(user, "view"), many=True)
    rows = rows.filter(pk__in={*found, typed.pk}).order_by(Length("name_key"), "name_key")
    return sorted(rows, key=lambda one: one != typed)[:MOST_OPTIONS]


def _like(name: str, key: str) -> QuerySet:
    """Return those of this code, and of which one key begins with the other's: 东岭, 东岭汽车."""
    shorter = [key[:end] for end in range(SHORTEST, len(key))]
    like = Q(name_key__startswith=key) | Q(name_key__in=shorter)
    code = identifiers.whole_code(name)
    return Enterprise._base_manager.filter(like | Q(uscc=code) if code else like)


def _read_so(name: str) -> QuerySet:
    """Return those whose pinyin begins as typed, by the index that sorts them."""
    text, rows = identifiers.folded(name).lower(), Enterprise._base_manager
    if not pinyin.is_pinyin(text):
        return rows.none()
    return rows.filter(sort_key__gte=text, sort_key__lt=f"{text}\uffff")


def _holding(name: str) -> QuerySet:
    is_pinyin = pinyin.is_pinyin(identifiers.folded(name))
    fields = ("~sort_key",) if is_pinyin else ("name",)
    return search(Enterprise._base_manager.all(), fields, f'"{name.replace(chr(34), "")}"')


def _courted(user, enterprises: list[Enterprise]) -> dict[Enterprise, tuple[Lead, bool]]:
    """Return the leads that court these enterprises, and whether ``user`` sees them."""
    asked = {Lead(enterprise=one): one for one in enterprises}
    found = Lead.objects.courting(asked, lock=False)
    # Of two alike that nobody courts the second is told of the first: both are only asked about.
    leads = {asked[lead]: one for lead, one in found.items() if not one._state.adding}
    keys = {one.pk for one in leads.values()}
    seen = with_rows(Lead.objects.visible_to(user), many=True).filter(pk__in=keys) if keys else ()
    seen = {one.pk for one in seen}
    return {enterprise: (one, one.pk in seen) for enterprise, one in leads.items()}


def _option(name: str, lead: Lead | None, is_seen: bool, *, is_new: bool = False) -> Option:
    return Option(name, _note(lead, is_seen, is_new), lead is not None, is_new)


def _note(lead: Lead | None, is_seen: bool, is_new: bool) -> str:
    """Say who courts an enterprise, as ``Lead.courted_words`` does, in few words."""
    if lead is None:
        return _("record as a new enterprise") if is_new else _("nobody courts it")
    if not is_seen:
        return _("courted by the chain “%(chain)s”") % {"chain": lead.chain}
    owner = str(lead.owner or _("nobody yet (pool)"))
    return " · ".join([owner, lead.get_stage_display(), str(local_date(lead.registered_at))])


def _on_record(typed: Enterprise) -> str:
    return _("“%(name)s” is on record; the lead will be filed there.") % {"name": typed}


def _alike(typed: Enterprise, found: list[Enterprise]) -> list[str]:
    like = [one.name for one in found if one.name_key == typed.name_key]
    names = "、".join(like[:MOST_NAMES])
    return [_("Of like name: %(names)s. Is it the same?") % {"names": names}] if names else []
