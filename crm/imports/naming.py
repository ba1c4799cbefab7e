"""How rows of tables name what they belong to: enterprises, chains, segments, people."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from crm.models import Contact, Enterprise
from crm.models.enterprises import ALIKE
from zone import identifiers
from zone.calendar import today
from zone.database import bulk
from zone.importing.batch import Batch, Entry
from zone.importing.nouns import Column, Importable, Lookup
from zone.models import Appointment, AuditEntry, ChainSegment, IndustryChain, User

NAMES = ("单位名称", "公司名称", "投资方", "投资企业", "企业全称", "项目单位", "enterprise name")
CODES = ("信用代码", "社会信用代码", "统一信用代码", "USCC")
MOST_NAMES = 3


def field(model, name: str):
    return model._meta.get_field(name)


def chains(user) -> Lookup:
    rows = IndustryChain.objects.visible_to(user)
    return Lookup(
        rows,
        lambda chain: (chain.name, chain.code, f"{chain.name}产业链", f"{chain.name}链"),
        _("There is no industry chain “%(name)s”; choose one of the list in the template."),
    )


def segments(user) -> Lookup:
    rows = ChainSegment.objects.visible_to(user).select_related("chain")
    return Lookup(
        rows,
        lambda segment: (str(segment), segment.name),
        _("There is no segment “%(name)s”; choose one of the list in the template."),
    )


def specialists(user) -> Lookup:
    """Return whom this person may make the owner of a lead, as the form of assigning has it."""
    posts = Appointment.objects.current(today()).filter(role=Appointment.Role.SPECIALIST)
    people = User.objects.none()
    if user.has_perm("crm.assign_lead"):
        people = User.objects.visible_to(user).filter(is_active=True, pk__in=posts.values("user"))
    refusal = _("“%(name)s” is no specialist whom you may assign leads to.")
    return Lookup(people, lambda one: (one.display_name, one.username), refusal)


ENTERPRISE = Column(
    "enterprise_name",
    field(Enterprise, "name"),
    header=_("enterprise name"),
    aliases=NAMES,
    required=True,
    about=_("As on the licence; the one on record of this name is taken, else it is new."),
    example="长治市某某新材料有限公司",
    own=False,
    first=True,
)
DISTINCT = Column(
    "is_distinct",
    field(Enterprise, "is_distinct"),
    about=_("是 only when a like name is on record and this is another enterprise."),
    own=False,
    first=True,
)


class WithEnterprise(Importable):
    """Rows that name their enterprise by name, and by credit code where it is known."""

    def enterprises(self, batch: Batch, entries: list[Entry]) -> dict[Entry, Enterprise]:
        """Return the enterprises on record of what the entries name; refuse what is unclear."""
        names = {entry: entry.values.get("enterprise_name", "") for entry in entries}
        keys = {identifiers.exact_key(name) for name in names.values()} - {""}
        codes = {entry.values.get("uscc") for entry in entries} - {None}
        rows = Enterprise._base_manager
        by_key = {row.exact_key: row for row in rows.filter(exact_key__any_of=keys)}
        by_code = {row.uscc: row for row in rows.filter(uscc__any_of=codes)} if codes else {}
        found = {}
        for entry, name in names.items():
            same, coded = (
                by_key.get(identifiers.exact_key(name)),
                by_code.get(entry.values.get("uscc")),
            )
            row = self._one_of(entry, same, coded)
            if row is not None:
                found[entry] = row
        within = self._within({row.pk for row in found.values()})
        for entry in [entry for entry, row in found.items() if row.pk not in within]:
            del found[entry]
            words = _("This enterprise is already being courted elsewhere; please ask the office.")
            entry.refuse(words, "enterprise_name")
        return found

    def _one_of(self, entry: Entry, same: Enterprise | None, coded: Enterprise | None):
        code = entry.values.get("uscc")
        if same and coded and same != coded:
            entry.refuse(_("Name and credit code belong to two enterprises on record."), "uscc")
        elif coded and not same and entry.values.get("enterprise_name"):
            entry.refuse(
                _("This code is on record with another name; take that, or check the code."), "uscc"
            )
        elif same and code and same.uscc and same.uscc != code:
            entry.refuse(_("The enterprise of this name has another credit code."), "uscc")
        elif same and code and not same.uscc:
            words = _("The code is not taken over: enter it at the enterprise, or import it there.")
            entry.notes.append(words)
        return None if entry.errors else same or coded

    def _within(self, pks: set) -> set:
        label = self.model._meta
        rows = Enterprise.objects.visible_to(self.user, f"{label.app_label}.add_{label.model_name}")
        return set(rows.filter(pk__any_of=pks).values_list("pk", flat=True)) if pks else set()


def insert(model, rows: list, *, by):
    """Write new rows in one statement, and a line of the trail for each."""
    if rows:
        model.set_derived_fields(rows)
        bulk.insert(model, rows)
        AuditEntry.objects.record_all_made(rows, by=by)


def is_number_of(contact: Contact, phone: str) -> bool:
    """Whether ``phone`` is the contact's number, its mask, or not said."""
    plain = identifiers.compact_phone(phone)
    return not phone or phone == str(contact.phone) or contact.phone == plain


def is_called(user: User | None, name: str) -> bool:
    names = (user.display_name, user.username) if user else ()
    return identifiers.exact_key(name) in map(identifiers.exact_key, names)


def alike_words(user, row: Enterprise) -> str:
    """Ask whether an enterprise is one of those of like name, as far as ``user`` sees them."""
    seen = Enterprise.objects.visible_to(user).filter(name_key=row.name_key)
    names = "、".join(one.name for one in seen[:MOST_NAMES])
    asked = _("Of like name: %(names)s. Is it the same?") % {"names": names} if names else ""
    words = _(
        "If it is the same, write that name; if not, fill in the credit code or write 是 under "
        "“%(heading)s”."
    )
    said = asked or str(ALIKE.message)
    return f"{said} {words % {'heading': field(Enterprise, 'is_distinct').verbose_name}}"
