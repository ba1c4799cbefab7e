"""Rows that are copied into the database stand there as those that are saved one by one."""

import pytest
from django.db import IntegrityError, transaction
from pypinyin import lazy_pinyin

from crm.models import Enterprise
from crm.models.lead_changes import LeadStageChange
from tests import factories, trail
from zone.audit import chain as audit_chain
from zone.database import bulk
from zone.database.pinyin import pinyin as pinyin_of
from zone.identifiers import half_width
from zone.models import AuditEntry, AuditLink

pytestmark = pytest.mark.django_db
BASE = {"id", "created_at", "updated_at", "at", "name", "exact_key", "name_key", "sort_key", "lead"}


def contents(row) -> dict:
    row.refresh_from_db()
    return {f.name: getattr(row, f.name) for f in row._meta.concrete_fields if f.name not in BASE}


def test_rows_are_copied_as_they_are_saved(chain):
    made = {"chain": chain, "origin_region": "１４ ０４", "registered_capital_wan": "12.5"}
    saved, copied = Enterprise(name="示例·甲", **made), Enterprise(name="示例·乙", **made)
    saved.save()
    Enterprise.set_derived_fields([copied])
    bulk.insert(Enterprise, [copied])
    assert contents(saved)["origin_region"] == "1404"
    assert contents(copied) == contents(saved)


@pytest.mark.parametrize(
    "name", ["长治市成长银行（集团）", "重庆行走重工No.3", "示例·乐山音乐公司", "㐀x长-治", ""]
)
def test_pinyin_is_found_by_words_as_for_the_whole_name(name):
    assert pinyin_of(name) == "".join(lazy_pinyin(half_width(name))).lower()


def test_values_take_the_defaults_of_their_model():
    saved, copied = factories.make_lead(), factories.make_lead()
    step = {"to_stage": "NEW", "on": saved.registered_at.date()}
    one = LeadStageChange.objects.create(lead=saved, **step)
    bulk.insert_values(LeadStageChange, [{"lead_id": copied.pk}], same=step)
    assert contents(LeadStageChange.objects.get(lead=copied, on=step["on"])) == contents(one)


def test_a_row_that_the_database_refuses_takes_all_with_it(chain):
    rows = [Enterprise(name="示例·同名", chain=chain) for _ in range(2)]
    Enterprise.set_derived_fields(rows)
    with pytest.raises(IntegrityError), transaction.atomic():
        bulk.insert(Enterprise, rows)
    assert not Enterprise.objects.filter(name="示例·同名").exists()


def test_the_lines_of_one_statement_are_sealed_in_their_order(chain):
    rows = [factories.make_enterprise(chain=chain) for _ in range(3)]
    trail.seal()
    before = AuditLink.objects.count()
    AuditEntry.objects.record_all_made(rows, by=factories.make_user())
    AuditEntry.objects.record("CREATED", line="another statement")
    trail.seal()
    links = AuditLink.objects.order_by("position")[before:]
    entries = AuditEntry.objects.order_by("id").values_list("id", flat=True)
    assert [link.entry_id for link in links] == list(entries)[-4:]
    assert [link.previous for link in links][1:] == [link.hash for link in links][:-1]
    assert audit_chain.first_fault() is None
