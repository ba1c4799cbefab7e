"""Tables of enterprises."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from crm.imports.naming import CODES, NAMES, WithEnterprise, alike_words, chains, field, insert
from crm.models import Enterprise
from crm.models.enterprises import lock_names
from zone import identifiers
from zone.importing.batch import Batch, Entry
from zone.importing.nouns import Column, register


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
