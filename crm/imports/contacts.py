"""Tables of contacts of enterprises that are on record."""

from __future__ import annotations

from collections import defaultdict

from django.utils.translation import gettext_lazy as _

from crm.imports.naming import ENTERPRISE, WithEnterprise, field, insert, is_number_of
from crm.models import Contact
from zone.importing.batch import Batch, Entry
from zone.importing.nouns import Column, register


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
        Column("stance", field(Contact, "stance")),
        Column(
            "phone", field(Contact, "phone"), aliases=("联系电话", "手机", "手机号", "联系方式")
        ),
        Column("wechat", field(Contact, "wechat"), aliases=("微信号",)),
        Column("email", field(Contact, "email"), aliases=("邮箱", "电子邮箱")),
        Column("consent_source", field(Contact, "consent_source")),
    )

    def blank(self):
        return Contact(entered_by=self.user)

    def find(self, batch: Batch, entries: list[Entry]) -> None:
        """A contact is the one of its enterprise with its name; of several, of its number."""
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
