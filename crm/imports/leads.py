"""Tables of leads, each with its enterprise and perhaps a contact."""

from __future__ import annotations

from collections import defaultdict

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from crm.imports.naming import (
    CODES,
    DISTINCT,
    ENTERPRISE,
    WithEnterprise,
    alike_words,
    chains,
    field,
    insert,
    is_called,
    is_number_of,
    segments,
    specialists,
)
from crm.models import Contact, Enterprise, Lead
from crm.models.enterprises import lock_names
from crm.revealing import contacts_of_number
from zone import identifiers
from zone.access.row_access import row_access
from zone.importing.batch import Batch, Entry
from zone.importing.nouns import Column, register
from zone.models import Appointment, AuditEntry, User
from zone.privacy import masking


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
        Column("source", field(Lead, "source"), aliases=("线索来源", "信息来源"), required=True),
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
                if not batch.lock and lead.enterprise.name_key != known.enterprise.name_key:
                    # Found by its number alone, as a search finds it: noted and counted like one.
                    contacts_of_number(lead.contact.phone, by=self.user)

    def create_beside(self, batch: Batch) -> None:
        beside = dict.fromkeys(row for entry in batch.to_write for row in entry.beside)
        for model in (Enterprise, Contact):
            insert(model, [row for row in beside if isinstance(row, model)], by=self.user)

    def create(self, batch: Batch, entries: list[Entry]) -> None:
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
