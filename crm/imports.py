"""Which nouns of this app are imported from tables, and with which columns."""

from __future__ import annotations

from collections import defaultdict

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from crm.models import Contact, Enterprise, Lead
from crm.models.enterprises import ALIKE, lock_names
from zone import identifiers
from zone.access.row_access import row_access
from zone.calendar import today
from zone.database import bulk
from zone.importing.batch import Batch, Entry
from zone.importing.nouns import Column, Importable, Lookup, register
from zone.models import Appointment, AuditEntry, ChainSegment, IndustryChain, User
from zone.privacy import masking

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
            same, coded = by_key.get(identifiers.exact_key(name)), by_code.get(
                entry.values.get("uscc")
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
        rows = Enterprise.objects.visible_to(
            self.user, f"{label.app_label}.add_{label.model_name}"
        )
        return set(rows.filter(pk__any_of=pks).values_list("pk", flat=True)) if pks else set()


@register
class Leads(WithEnterprise):
    model = Lead
    select_related = ("enterprise", "contact", "chain", "segment", "owner")
    columns = (
        ENTERPRISE,
        Column(
            "uscc",
            field(Enterprise, "uscc"),
            aliases=CODES,
            about=_("18 characters, as on the licence; empty when unknown."),
            own=False,
            first=True,
        ),
        Column(
            "title",
            field(Lead, "title"),
            aliases=("项目名称", "线索主题", "意向项目", "投资项目", "主题"),
            required=True,
            about=_("What is to be built; of one enterprise each lead has its own."),
            example="年产2万吨正极材料",
        ),
        Column(
            "chain",
            field(Lead, "chain"),
            aliases=("所属产业链", "产业"),
            required=True,
            lookup=chains,
        ),
        Column("segment", field(Lead, "segment"), aliases=("环节", "产业链环节"), lookup=segments),
        Column(
            "source", field(Lead, "source"), aliases=("线索来源", "信息来源"), required=True
        ),
        Column("referrer", field(Lead, "referrer"), aliases=("推荐人", "引荐单位")),
        Column(
            "planned_investment_wan",
            field(Lead, "planned_investment_wan"),
            aliases=("计划总投资", "总投资", "投资额", "拟投资额", "计划投资额", "投资总额"),
            required=True,
            about=_("The heading names the unit: （万元） or （亿元）."),
            example=12000,
        ),
        Column(
            "planned_fixed_asset_wan",
            field(Lead, "planned_fixed_asset_wan"),
            aliases=("固定资产投资", "固定资产", "其中固定资产"),
        ),
        Column("expected_output_wan", field(Lead, "expected_output_wan"), aliases=("预计产值",)),
        Column("expected_tax_wan", field(Lead, "expected_tax_wan"), aliases=("预计税收",)),
        Column("needs", field(Lead, "needs"), aliases=("需求", "用地需求")),
        Column(
            "contact_name",
            field(Contact, "name"),
            header=_("contact"),
            aliases=("联系人姓名", "对接人"),
            own=False,
        ),
        Column(
            "contact_title",
            field(Contact, "title"),
            header=_("contact's post"),
            aliases=("职务",),
            own=False,
        ),
        Column(
            "contact_phone",
            field(Contact, "phone"),
            header=_("contact's telephone"),
            aliases=("联系电话", "电话", "手机", "手机号", "联系方式"),
            own=False,
        ),
        Column(
            "next_follow_up_on",
            field(Lead, "next_follow_up_on"),
            aliases=("下次跟进日期", "下次联系日期"),
        ),
        Column(
            "owner",
            field(Lead, "owner"),
            aliases=("专员", "归属专员", "招商专员", "负责专员"),
            about=_("Only the office and chain leaders name one; empty means the pool."),
            lookup=specialists,
            own=False,
            as_text=True,
        ),
        DISTINCT,
        Column(
            "override_reason",
            field(Lead, "override_reason"),
            about=_("Only the office, where the investor is courted already."),
            first=True,
        ),
    )

    def offered(self):
        hidden = set() if self.user.has_perm("crm.assign_lead") else {"owner"}
        hidden |= set() if self.user.has_perm("crm.override_lead") else {"override_reason"}
        return tuple(column for column in self.columns if column.name not in hidden)

    def lock(self, batch: Batch) -> None:
        names = (entry.values.get("enterprise_name", "") for entry in batch.entries)
        phones = (entry.values.get("contact_phone", "") for entry in batch.entries)
        keys = {identifiers.name_key(name) for name in names if name}
        keys |= {f"phone {key}" for phone in phones if (key := masking.phone_key(phone))}
        lock_names(keys)

    def find(self, batch: Batch, entries: list[Entry]) -> None:
        """A lead is the one of its enterprise with its title; of several the open one."""
        known = self.enterprises(batch, entries)
        rows = Lead.objects.visible_to(self.user, "view")
        pks = {row.pk for row in known.values()}
        leads = defaultdict(list)
        for lead in batch.known(rows.filter(enterprise__any_of=pks)) if pks else ():
            leads[lead.enterprise_id, identifiers.exact_key(lead.title)].append(lead)
        for entry, enterprise in known.items():
            title = identifiers.exact_key(entry.values.get("title", ""))
            same = leads.get((enterprise.pk, title), [])
            entry.row = min(same, key=lambda lead: not lead.is_open, default=None)
            entry.also["enterprise"] = enterprise
        self._new_enterprises(batch, entries)
        self._know_contacts(pks)

    def _new_enterprises(self, batch: Batch, entries: list[Entry]):
        """Make those that are not on record, once for all rows of the file that name them."""
        new: dict[str, Enterprise] = {}
        codes: dict[str, str] = {}
        for entry in entries:
            name, code = entry.values.get("enterprise_name"), entry.values.get("uscc")
            if not name or entry.is_refused or "enterprise" in entry.also:
                continue
            key = identifiers.exact_key(name)
            if code and codes.setdefault(code, key) != key:
                entry.refuse(_("Another row gives this code to another enterprise."), "uscc")
                continue
            if key not in new:
                new[key] = self._new_enterprise(entry, name)
            entry.also["enterprise"] = new[key]
            if new[key] is not None:
                entry.beside.append(new[key])
        rows = [row for row in new.values() if row is not None]
        alike = set(Enterprise.objects.alike(rows, lock=batch.lock))
        for entry in entries:
            if entry.also.get("enterprise") in alike and not entry.is_refused:
                entry.duplicate = alike_words(self.user, entry.also["enterprise"])

    def _new_enterprise(self, entry: Entry, name: str) -> Enterprise:
        row = Enterprise(
            name=name,
            uscc=entry.values.get("uscc"),
            chain=entry.values.get("chain"),
            is_distinct=entry.values.get("is_distinct", False),
            entered_by=self.user,
        )
        try:
            row.clean_fields()
            row.clean()
        except ValidationError as refusal:
            for words in refusal.messages:
                entry.refuse(words, "enterprise_name")
        return row

    def _know_contacts(self, pks: set):
        rows = Contact.objects.visible_to(self.user, "crm.add_lead").filter(enterprise__any_of=pks)
        self.contacts = {
            (row.enterprise_id, row.name, identifiers.compact_phone(row.phone)): row
            for row in (rows if pks else ())
        }

    def fill(self, entry: Entry) -> None:
        super().fill(entry)
        if entry.is_new:
            entry.row.enterprise = entry.also.get("enterprise")
        self._fill_contact(entry)
        self._fill_owner(entry)

    def _fill_contact(self, entry: Entry):
        name = entry.values.get("contact_name")
        phone = entry.values.get("contact_phone", "")
        if not name and phone and entry.is_new:
            entry.refuse(_("A number needs the name of its contact."), "contact_name")
        if not name:
            return
        current = entry.row.contact
        if current and current.name == name and is_number_of(current, phone):
            return
        if "*" in phone:
            entry.refuse(_("Please enter it in full, without *."), "contact_phone")
            return
        entry.row.contact = self._contact(entry, name, phone)

    def _contact(self, entry: Entry, name: str, phone: str) -> Contact:
        enterprise = entry.row.enterprise
        number = identifiers.compact_phone(phone)
        if known := self.contacts.get((enterprise.pk, name, number)):
            return known
        title = entry.values.get("contact_title", "")
        new = Contact(
            enterprise=enterprise, name=name, title=title, phone=number, entered_by=self.user
        )
        try:
            new.clean_fields()
        except ValidationError as refusal:
            for part, errors in refusal.message_dict.items():
                for words in errors:
                    entry.refuse(words, f"contact_{part}")
        self.contacts[enterprise.pk, name, number] = new
        entry.beside.append(new)
        return new

    def _fill_owner(self, entry: Entry):
        said, chain = entry.values.get("owner"), entry.values.get("chain")
        if not entry.is_new:
            if said and not is_called(entry.row.owner, said):
                entry.refuse(_("Another owner is assigned on the lead's page, not here."), "owner")
            return
        entry.row.owner = self._owner(entry, said) if said else self._usual_owner()
        access = row_access(self.user, "crm.assign_lead")
        if entry.errors or access.covers(chain):
            return
        if said:
            entry.refuse(_("Only leads of your own chains are yours to assign."), "owner")
        elif entry.row.owner is None:
            words = _("This chain is not yours; choose one that you lead or work for.")
            entry.refuse(words, "chain")

    def _owner(self, entry: Entry, said: str) -> User | None:
        try:
            return self.lookups["owner"].get(said)
        except ValidationError as refusal:
            entry.refuse(refusal.messages[0], "owner")

    def _usual_owner(self) -> User | None:
        """A specialist's leads are their own; of others they wait in the pool."""
        return self.user if Appointment.Role.SPECIALIST in self.user.roles() else None

    def check(self, batch: Batch, entries: list[Entry]) -> None:
        """Refuse leads of investors that are courted already, unless the office lets them stand."""
        new = [entry for entry in entries if entry.is_new]
        for entry in new:
            try:
                entry.row.refuse_override(self.user)
            except ValidationError as refusal:
                entry.refuse_all(refusal)
        asked = {e.row: e for e in new if not e.is_refused and not e.row.override_reason}
        numbers = {entry.row.pk: entry.number for entry in new}
        for lead, known in Lead.objects.courting(asked, lock=batch.lock).items():
            if known._state.adding:
                words = _("Row %(number)d courts the same investor; one of the two stays.")
                asked[lead].duplicate = words % {"number": numbers[known.pk]}
            else:
                asked[lead].duplicate = str(known.courted_words(self.user))

    def create(self, batch: Batch, entries: list[Entry]) -> None:
        beside = dict.fromkeys(row for entry in batch.to_write for row in entry.beside)
        for model in (Enterprise, Contact):
            insert(model, [row for row in beside if isinstance(row, model)], by=self.user)
        Lead.register_all({entry.row: entry.row.owner for entry in entries}, by=self.user)
        AuditEntry.objects.record_all_made([entry.row for entry in entries], by=self.user)

    def name_of(self, entry: Entry) -> str:
        enterprise = entry.also.get("enterprise") or getattr(entry.row, "enterprise", None)
        return " · ".join(str(part) for part in (enterprise, entry.row.title) if part)

    def see(self, rows: list) -> None:
        contacts = Contact.objects.visible_to(self.user, "view")
        seen = contacts.filter(pk__any_of=[row.contact_id for row in rows if row.contact_id])
        self.seen = set(seen.values_list("pk", flat=True))

    def row_values(self, lead: Lead) -> dict:
        contact = lead.contact if lead.contact_id in self.seen else None
        return {
            "enterprise_name": lead.enterprise.name,
            "uscc": lead.enterprise.uscc or "",
            "contact_name": contact.name if contact else "",
            "contact_title": contact.title if contact else "",
            "contact_phone": str(contact.phone) if contact else "",
            "owner": lead.owner.display_name or lead.owner.username if lead.owner else "",
            "is_distinct": "",
        }


@register
class Enterprises(WithEnterprise):
    model = Enterprise
    select_related = ("chain",)
    columns = (
        Column(
            "name",
            field(Enterprise, "name"),
            header=_("enterprise name"),
            aliases=(*NAMES, "名称"),
            required=True,
            about=_("As on the licence."),
            example="长治市某某新材料有限公司",
        ),
        Column("uscc", field(Enterprise, "uscc"), aliases=CODES),
        Column("chain", field(Enterprise, "chain"), aliases=("所属产业链",), lookup=chains),
        Column("industry_code", field(Enterprise, "industry_code"), aliases=("行业代码",)),
        Column("origin_region", field(Enterprise, "origin_region"), aliases=("来源地代码",)),
        Column("scale", field(Enterprise, "scale"), aliases=("企业规模",)),
        Column("is_chain_leader", field(Enterprise, "is_chain_leader"), aliases=("链主",)),
        Column("is_above_scale", field(Enterprise, "is_above_scale"), aliases=("规上",)),
        Column("registered_capital_wan", field(Enterprise, "registered_capital_wan")),
        Column("address", field(Enterprise, "address"), aliases=("注册地址",)),
        Column("description", field(Enterprise, "description"), aliases=("主营业务",)),
        Column("source", field(Enterprise, "source"), aliases=("信息来源",)),
        Column("is_distinct", field(Enterprise, "is_distinct"), first=True),
    )

    def blank(self):
        return Enterprise(entered_by=self.user)

    def lock(self, batch: Batch) -> None:
        names = (entry.values.get("name", "") for entry in batch.entries)
        lock_names({identifiers.name_key(name) for name in names if name})

    def find(self, batch: Batch, entries: list[Entry]) -> None:
        """An enterprise is the one of its credit code, else the one of its exact name."""
        keys = {identifiers.exact_key(entry.values.get("name", "")) for entry in entries} - {""}
        codes = {entry.values.get("uscc") for entry in entries} - {None}
        rows = batch.known(Enterprise._base_manager)
        by_key = {row.exact_key: row for row in rows.filter(exact_key__any_of=keys)}
        by_code = {row.uscc: row for row in rows.filter(uscc__any_of=codes)} if codes else {}
        met = {row.pk for row in (*by_key.values(), *by_code.values())}
        seen = Enterprise.objects.visible_to(self.user, "view").filter(pk__any_of=met)
        within = set(seen.values_list("pk", flat=True)) if met else set()
        for entry in entries:
            same = by_key.get(identifiers.exact_key(entry.values.get("name", "")))
            coded = by_code.get(entry.values.get("uscc"))
            row = coded or same
            if same and coded and same != coded:
                entry.refuse(_("Name and credit code belong to two enterprises on record."), "uscc")
            elif row is not None and row.pk not in within:
                refusal = Enterprise(name=entry.values.get("name", "")).unique_error_message(
                    Enterprise, ("exact_key",)
                )
                entry.duplicate = refusal.messages[0]
            elif row is not None:
                self._take(entry, row)

    def _take(self, entry: Entry, row: Enterprise):
        code = entry.values.get("uscc")
        if code and row.uscc and row.uscc != code:
            entry.refuse(_("The enterprise of this name has another credit code."), "uscc")
        entry.row = row

    def check(self, batch: Batch, entries: list[Entry]) -> None:
        new = {entry.row: entry for entry in entries if entry.is_new}
        for row in Enterprise.objects.alike(new, lock=batch.lock):
            new[row].duplicate = alike_words(self.user, row)

    def create(self, batch: Batch, entries: list[Entry]) -> None:
        insert(Enterprise, [entry.row for entry in entries], by=self.user)


@register
class Contacts(WithEnterprise):
    model = Contact
    select_related = ("enterprise",)
    columns = (
        ENTERPRISE,
        Column(
            "name",
            field(Contact, "name"),
            aliases=("联系人", "联系人姓名"),
            required=True,
            example="王某某",
            first=True,
        ),
        Column("title", field(Contact, "title"), aliases=("职位",)),
        Column("role", field(Contact, "role")),
        Column("phone", field(Contact, "phone"), aliases=("联系电话", "手机", "手机号", "联系方式")),
        Column("wechat", field(Contact, "wechat"), aliases=("微信号",)),
        Column("email", field(Contact, "email"), aliases=("邮箱", "电子邮箱")),
        Column("consent_source", field(Contact, "consent_source")),
    )

    def blank(self):
        return Contact(entered_by=self.user)

    def find(self, batch: Batch, entries: list[Entry]) -> None:
        """A contact is the one of its enterprise with its name; of several the one of its number."""
        known = self.enterprises(batch, entries)
        pks = {row.pk for row in known.values()}
        rows = Contact.objects.visible_to(self.user, "view").filter(anonymised_at=None)
        people = defaultdict(list)
        for row in batch.known(rows.filter(enterprise__any_of=pks)) if pks else ():
            people[row.enterprise_id, row.name].append(row)
        for entry in entries:
            if (enterprise := known.get(entry)) is None:
                if not entry.is_refused and entry.values.get("enterprise_name"):
                    words = _("No enterprise of this name is on record; import it first.")
                    entry.refuse(words, "enterprise_name")
                continue
            entry.also["enterprise"] = enterprise
            same = people.get((enterprise.pk, entry.values.get("name")), [])
            phone = entry.values.get("phone", "")
            exact = [row for row in same if phone and is_number_of(row, phone)]
            if len(same) > 1 and len(exact) != 1:
                words = _("Several contacts of this enterprise have this name; name the number.")
                entry.refuse(words, "name")
            elif same:
                entry.row = (exact or same)[0]

    def fill(self, entry: Entry) -> None:
        for name in Contact.NUMBERS:
            said = entry.values.get(name, "")
            if "*" in said:
                if entry.is_new or said != str(getattr(entry.row, name)):
                    entry.refuse(_("Please enter it in full, without *."), name)
                else:
                    del entry.values[name]  # its own mask keeps it
        super().fill(entry)
        if entry.is_new:
            entry.row.enterprise = entry.also.get("enterprise")

    def create(self, batch: Batch, entries: list[Entry]) -> None:
        insert(Contact, [entry.row for entry in entries], by=self.user)

    def name_of(self, entry: Entry) -> str:
        enterprise = entry.also.get("enterprise") or getattr(entry.row, "enterprise", None)
        return " · ".join(str(part) for part in (enterprise, entry.row.name) if part)

    def row_values(self, contact: Contact) -> dict:
        return {"enterprise_name": contact.enterprise.name}


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
