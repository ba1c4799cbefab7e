"""What an import wrote goes again, where nothing was done since."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError

from crm.models import Contact, Enterprise, Lead
from crm.models.trips import Trip, TripMeeting
from tests import factories
from tests.imports.workbooks import HEADINGS, lead, leads, lines, states, taken, written, xlsx
from zone.importing.undoing import undo
from zone.models import AuditEntry, ImportRun, ZoneSetting

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("folder", "no_screening")]
PEOPLE = (*HEADINGS, "联系人", "联系电话")


@pytest.fixture
def run(specialist, chain) -> ImportRun:
    rows = [lead(f"企业{n}有限公司", f"线索{n}", 100, "王五", f"1381234567{n}") for n in range(3)]
    return written(taken(Lead, leads(*rows, headings=PEOPLE), specialist))


def counts() -> tuple[int, int, int]:
    return Lead.objects.count(), Contact.objects.count(), Enterprise.objects.count()


def test_new_rows_go_with_their_enterprises_and_contacts(run, specialist):
    assert counts() == (3, 3, 3)
    undo(run, by=specialist)
    assert (counts(), states(run)) == ((0, 0, 0), ["UNDONE"] * 3)
    gone = AuditEntry.objects.filter(action="DELETED", door="IMPORT", by=specialist)
    assert gone.count() == 9
    with pytest.raises(ValidationError):
        undo(run, by=specialist)


def test_what_was_changed_or_used_since_stays_and_says_why(run, specialist):
    first, second, _third = Lead.objects.order_by("title")
    first.advance(by=specialist, to=Lead.Stage.SCREENED)
    factories.make_follow_up(lead=second, by=specialist)
    assert undo(run, by=specialist) == {"UNDONE": 1, "KEPT": 2}
    assert counts() == (2, 2, 2)
    kept = [" ".join(line.data.get("kept", [])) for line in lines(run)]
    assert "有过修改" in kept[0]
    assert "其他记录" in kept[1] or "有过修改" in kept[1]
    assert kept[2] == ""


def test_an_enterprise_that_others_have_taken_up_stays(run, specialist, chain):
    enterprise = Enterprise.objects.get(name="企业0有限公司")
    factories.make_lead(enterprise=enterprise, chain=chain, title="别人的")
    undo(run, by=specialist)
    assert set(Enterprise.objects.all()) == {enterprise}


def test_former_values_come_back_unless_they_were_changed_again(specialist, chain):
    known = [factories.make_enterprise(name=f"企业{n}有限公司", chain=chain) for n in range(2)]
    mine = [
        factories.make_lead(
            enterprise=one, title="线索", chain=chain, owner=specialist, referrer="商会"
        )
        for one in known
    ]
    rows = [[one.name, "线索", None, None, 77, "省商务厅"] for one in known]
    run = written(taken(Lead, leads(*rows, headings=(*HEADINGS, "引荐人")), specialist))
    Lead.objects.filter(pk=mine[1].pk).update(needs="双回路")
    assert undo(run, by=specialist) == {"UNDONE": 1, "KEPT": 1}
    found = {
        row.pk: (row.planned_investment_wan, row.referrer) for row in Lead.objects.order_by("pk")
    }
    assert found == {
        mine[0].pk: (Decimal(10_000), "商会"),
        mine[1].pk: (Decimal(77), "省商务厅"),
    }


def test_undoing_ends_with_its_time_and_is_no_colleagues(run, specialist, other_specialist, office):
    assert (run.can_undo(specialist), run.can_undo(office)) == (True, True)
    assert not run.can_undo(other_specialist)
    run.finished_at -= timedelta(hours=23)
    assert run.can_undo(specialist)
    ZoneSetting.objects.create(key=ZoneSetting.Key.IMPORT_UNDO_HOURS, value=12)
    assert not run.can_undo(specialist)


def test_a_contacts_former_number_is_not_kept(office, chain):
    contact = factories.make_contact(name="王五", phone="13812345678")
    headings = ("企业名称", "联系人姓名", "职务", "联系电话")
    row = [contact.enterprise.name, "王五", "总经理", "13812345679"]
    run = written(taken(Contact, leads(row, headings=headings), office))
    assert "13812345678" not in str([line.rows for line in lines(run)])
    undo(run, by=office)
    contact.refresh_from_db()
    assert (contact.title, contact.phone.plain) == ("", "13812345679")
    assert states(run) == ["KEPT"]


def meeting(by, **fields) -> TripMeeting:
    chain = by.appointments.get().chain
    trip = Trip.objects.create(place="深圳", chain=chain, purpose="拜访", entered_by=by)
    return TripMeeting.objects.create(trip=trip, **fields)


def test_what_a_meeting_of_a_trip_names_stays(run, specialist):
    first, second, _third = Lead.objects.order_by("title")
    other = factories.make_enterprise(name="别的有限公司")
    first_meeting = meeting(specialist, enterprise=other, lead=first)
    meeting(specialist, enterprise=second.enterprise)
    assert undo(run, by=specialist) == {"UNDONE": 1, "KEPT": 2}
    first_meeting.refresh_from_db()
    assert first_meeting.lead == first
    assert set(Lead.objects.all()) == {first}
    assert Enterprise.objects.filter(pk=second.enterprise_id).exists()


def test_a_former_value_that_is_taken_by_now_does_not_come_back(office, chain):
    known = [factories.make_enterprise(name=f"企业{n}有限公司", chain=chain) for n in range(2)]
    headings = ("企业名称", "产业链", "系统编号")
    rows = [(f"新名{one.name}", "新能源", str(one.pk)) for one in known]
    run = written(taken(Enterprise, xlsx(headings, *rows), office))
    assert states(run) == ["CHANGED"] * 2
    factories.make_enterprise(name=known[0].name, chain=chain)
    assert undo(run, by=office) == {"UNDONE": 1, "KEPT": 1}
    names = [Enterprise.objects.get(pk=one.pk).name for one in known]
    assert names == ["新名企业0有限公司", "企业1有限公司"]
    assert "已被占用" in str(lines(run)[0].data["kept"])
    assert AuditEntry.objects.filter(action="CHANGED", model="crm.enterprise").count() == 3
