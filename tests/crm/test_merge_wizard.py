"""The pages that merge two enterprises, what stands against it, and how it is undone."""

from datetime import timedelta

import pytest
from django.apps import apps
from django.contrib.postgres.constraints import ExclusionConstraint
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import UniqueConstraint
from django.urls import reverse

from crm.merging import merge_enterprises, preview
from crm.models import Enterprise, Lead
from crm.models.merges import EnterpriseMerge
from crm.models.tags import TagKind
from crm.unmerging import undo
from tests import factories
from tests.feed.following import Replica
from tests.racing import held_up
from zone.feed.scope import Scope
from zone.models import AuditEntry, ExternalRef, Merged, ZoneSetting
from zone.navigation import record_url

WHY = "同一家企业，名称录入有误"
BESIDE = "两个项目相互独立，分别跟进"


@pytest.fixture
def kept(db):
    return factories.make_enterprise(name="甲材料有限公司", address="长治")


@pytest.fixture
def dropped(db):
    return factories.make_enterprise(name="甲科技有限公司", address="太原", source="名片")


def merge(kept, dropped, by, **more) -> EnterpriseMerge:
    merge_enterprises(kept, dropped, by=by, reason=WHY, **more)
    return EnterpriseMerge.objects.get(dropped_key=dropped.pk, undone_at=None)


def ties() -> list:
    """Return every key to an enterprise, as the models of all apps have them."""
    return [
        field
        for model in apps.get_models(include_auto_created=True)
        for field in model._meta.concrete_fields
        if field.is_relation and field.related_model is Enterprise
    ]


@pytest.mark.django_db
def test_every_relation_moves_and_comes_back(kept, dropped, office):
    """A new key to an enterprise whose rows do not follow a merger, or its undoing, fails here."""
    rows = {tie: factories.make(tie.model, **{tie.name: dropped}) for tie in ties()}
    assert len(rows) >= 7
    done = merge(kept, dropped, office)
    for tie, row in rows.items():
        row.refresh_from_db()
        assert (str(tie), getattr(row, tie.attname)) == (str(tie), kept.pk)
    undo(done, by=office, reason=WHY)
    for tie, row in rows.items():
        row.refresh_from_db()
        assert (str(tie), getattr(row, tie.attname)) == (str(tie), dropped.pk)


def test_what_may_stand_once_per_enterprise_says_which_of_two_rows_is_lost():
    once = {
        tie.model
        for tie in ties()
        for rule in tie.model._meta.constraints
        if isinstance(rule, UniqueConstraint | ExclusionConstraint)
        and tie.name in str(rule.deconstruct())
        or tie.unique
    }
    assert once
    assert {model for model in once if not hasattr(model, "lost_in_merge")} == set()


@pytest.mark.django_db
def test_the_values_are_those_that_were_chosen(kept, dropped, office):
    chain = factories.make_chain()
    Enterprise.objects.filter(pk=dropped.pk).update(chain=chain, scale="LARGE")
    assert preview(kept, dropped).differing == ["name", "address"]
    done = merge(kept, dropped, office, take=["name", "address"])
    kept.refresh_from_db()
    assert (kept.name, kept.address, kept.scale) == ("甲科技有限公司", "太原", "LARGE")
    back = undo(done, by=office, reason=WHY)
    kept.refresh_from_db()
    assert (kept.name, kept.address, kept.scale, kept.chain) == ("甲材料有限公司", "长治", "", None)
    back.refresh_from_db()
    assert (back.pk, back.name, back.source, back.chain) == (
        dropped.pk,
        "甲科技有限公司",
        "名片",
        chain,
    )
    assert not Merged.objects.exists()


@pytest.mark.django_db
def test_two_that_are_courted_ask_for_a_reason_or_an_end(kept, dropped, office):
    first, second = (factories.make_lead(enterprise=one) for one in (kept, dropped))
    with pytest.raises(ValidationError) as refusal:
        merge(kept, dropped, office)
    assert [*refusal.value.message_dict] == ["override_reason"]
    assert Enterprise.objects.filter(pk=dropped.pk).exists()
    done = merge(kept, dropped, office, override_reason=BESIDE)
    stand = dict(Lead.objects.values_list("pk", "override_reason"))
    assert stand == {first.pk: "", second.pk: BESIDE}
    undo(done, by=office, reason=WHY)
    done = merge(kept, dropped, office, close=[first.pk])
    first.refresh_from_db()
    assert (first.stage, first.lost_reason) == ("INVALID", "DUPLICATE")
    assert Lead.objects.open().get().override_reason == ""
    undo(done, by=office, reason=WHY)
    assert Lead.objects.open().count() == 2


@pytest.mark.django_db
def test_both_tags_at_once_leave_the_dates_of_the_kept_one(kept, dropped, office):
    kind = TagKind.objects.create(name="高企")
    own = kept.tag(kind, by=office)
    theirs = dropped.tag(kind, by=office)
    other = dropped.tag(TagKind.objects.create(name="规上"), by=office)
    done = merge(kept, dropped, office)
    assert set(kept.tags.all()) == {own, other}
    undo(done, by=office, reason=WHY)
    assert (set(kept.tags.all()), set(dropped.tags.all())) == ({own}, {theirs, other})


@pytest.mark.django_db
def test_a_parent_and_its_subsidiary_are_two(kept, dropped, office):
    between = factories.make_enterprise(parent=dropped)
    Enterprise.objects.filter(pk=kept.pk).update(parent=between)
    for pair in ((kept, dropped), (dropped, kept)):
        with pytest.raises(ValidationError, match="上级企业"):
            merge(*pair, office)


@pytest.mark.django_db
def test_who_is_not_the_office_merges_nothing(kept, dropped, specialist, as_user):
    with pytest.raises(ValidationError, match="招商办"):
        merge(kept, dropped, specialist)
    address = reverse("admin:crm_enterprise_merge")
    assert as_user(specialist).get(f"{address}?dropped={dropped.pk}").status_code == 403


@pytest.mark.django_db
def test_undoing_ends_with_a_change_and_with_its_time(kept, dropped, office, monkeypatch):
    lead = factories.make_lead(enterprise=dropped, title="正极材料")
    done = merge(kept, dropped, office)
    Lead.objects.filter(pk=lead.pk).update(needs="标准厂房")
    with pytest.raises(ValidationError, match="正极材料"):
        undo(done, by=office, reason=WHY)
    later = done.created_at + timedelta(hours=25)
    monkeypatch.setattr("crm.models.merges.timezone.now", lambda: later)
    assert not done.can_undo(office)
    ZoneSetting.objects.create(key="MERGE_UNDO_HOURS", value=48)
    assert done.can_undo(office)


@pytest.mark.django_db(transaction=True)
def test_of_two_who_merge_one_record_at_once_the_second_is_told():
    one, other = factories.make_office(), factories.make_office()
    kept, third, dropped = (factories.make_enterprise() for _ in range(3))

    def second():
        try:
            merge(third, dropped, other)
        except ValidationError as refusal:
            return refusal.messages[0]
        return "merged"

    with transaction.atomic():
        merge(kept, dropped, one)
        waiting = held_up(second)
    assert waiting.result(20) == "两条记录中有一条已不存在。"
    assert EnterpriseMerge.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_consumer_follows_a_merger_and_its_undoing():
    office, chain = factories.make_office(), factories.make_chain()
    kept, dropped = (factories.make_enterprise(chain=chain) for _ in range(2))
    lead = factories.make_lead(enterprise=dropped, chain=chain)
    ExternalRef.objects.create(
        source="oa", entity=dropped.SYNC.number, external_id="E-1", object_id=dropped.pk
    )
    replica = Replica(Scope(chains=frozenset({chain.pk})))
    done = merge(kept, dropped, office)
    gone = {item.id: item for item in replica.drain()}[dropped.pk]
    assert (gone.reason, gone.merged_into) == ("merged", kept.pk)
    undo(done, by=office, reason=WHY)
    told = {item.id: item for item in replica.drain()}
    assert told[dropped.pk].row.name == dropped.name
    assert told[dropped.pk].version > gone.version
    assert told[dropped.pk].external_refs == [{"source": "oa", "external_id": "E-1"}]
    assert told[kept.pk].external_refs == []
    assert told[lead.pk].row.enterprise_id == dropped.pk


# Pages


@pytest.mark.django_db
def test_the_wizard_leads_from_the_list_to_the_kept_record_and_back(kept, dropped, office, as_user):
    first, second = (factories.make_lead(enterprise=one) for one in (kept, dropped))
    client, rows = as_user(office), reverse("admin:crm_enterprise_changelist")
    chosen = {"action": "merge_chosen", "_selected_action": [str(kept.pk), str(dropped.pk)]}
    page = client.post(rows, chosen, follow=True)
    assert page.context["kept"] == kept
    assert [*page.context["form"].fields] == [
        "name",
        "address",
        "close",
        "override_reason",
        "reason",
    ]
    assert page.context["counts"] == [("线索", 1)]
    address = page.redirect_chain[-1][0]
    answers = {"name": "kept", "address": "dropped", "reason": WHY, "once": "t1"}
    refused = client.post(address, answers)
    assert [*refused.context["form"].errors] == ["override_reason"]
    done = client.post(address, answers | {"override_reason": BESIDE}, follow=True)
    assert done.redirect_chain[-1][0] == record_url(Enterprise, kept.pk)
    kept.refresh_from_db()
    assert (kept.address, kept.leads.count()) == ("太原", 2)
    note = done.context["notes"][0]
    undone = client.post(f"{note['url'].replace('change', 'undo')}", {"reason": WHY}, follow=True)
    assert undone.redirect_chain[-1][0] == record_url(Enterprise, dropped.pk)
    assert AuditEntry.objects.of(dropped).first().detail == {"back": True}


@pytest.mark.django_db
def test_a_page_opened_before_another_merged_says_who_did(kept, dropped, office, as_user):
    client = as_user(office)
    address = f"{reverse('admin:crm_enterprise_merge')}?kept={kept.pk}&dropped={dropped.pk}"
    assert client.get(address).status_code == 200
    merge(kept, dropped, office)
    page = client.post(address, {"reason": WHY}, follow=True)
    assert "已将“甲科技有限公司”并入“甲材料有限公司”" in page.text
    for query in ("?dropped=x", "?kept=x&dropped=%00", ""):
        assert client.get(reverse("admin:crm_enterprise_merge") + query).status_code == 302


@pytest.mark.django_db
def test_two_credit_codes_are_told_before_anything_is_asked(kept, dropped, office, as_user):
    Enterprise.objects.filter(pk=kept.pk).update(uscc="91140400MA0K3XYZ9Y")
    Enterprise.objects.filter(pk=dropped.pk).update(uscc="91140400MA0GTXYZ14")
    address = f"{reverse('admin:crm_enterprise_merge')}?kept={kept.pk}&dropped={dropped.pk}"
    page = as_user(office).get(address)
    assert page.context["against"]
    assert "form" not in page.context
