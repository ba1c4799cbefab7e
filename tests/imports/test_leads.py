"""What a table of leads becomes: each row as if somebody had typed it."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from crm.models import Contact, Enterprise, Lead
from tests import factories
from tests.imports.workbooks import HEADINGS, errors, lead, leads, lines, states, taken, written
from zone.models import AuditEntry, ImportRun

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("folder")]
PEOPLE = (*HEADINGS, "联系人", "联系电话", "下次跟进")


def test_a_lead_comes_with_its_enterprise_and_contact(specialist, chain):
    row = lead("长治新材料有限公司", "正极材料", 12000, "王五", "138 1234 5678", "2026年3月1日")
    run = taken(Lead, leads(row, headings=PEOPLE), specialist)
    assert (states(run), errors(run), Lead.objects.count()) == (["NEW"], [], 0)
    written(run)
    made = Lead.objects.select_related("enterprise", "contact").get()
    assert (made.enterprise.name, made.contact.name) == ("长治新材料有限公司", "王五")
    assert (made.owner, made.planned_investment_wan) == (specialist, 12000)
    assert (made.next_follow_up_on, made.contact.phone.plain) == (date(2026, 3, 1), "13812345678")
    assert made.protected_until is not None
    assert (made.stage_changes.count(), made.owner_changes.count()) == (1, 1)
    trail = AuditEntry.objects.filter(action="CREATED", door="IMPORT").values_list("model")
    assert sorted(trail) == [("crm.contact",), ("crm.enterprise",), ("crm.lead",)]
    assert run.state == ImportRun.State.DONE


def test_a_number_stands_in_no_line_and_no_trail(specialist, chain):
    row = lead("长治新材料有限公司", "正极材料", 12000, "王五", "13812345678", None)
    bad = lead("另一家有限公司", "负极材料", 12000, "赵六", "1381234", None)
    run = written(taken(Lead, leads(row, bad, headings=PEOPLE), specialist), "GOOD")
    kept = str([(line.label, line.data, line.rows) for line in lines(run)])
    assert ("13812345678" in kept, "1381234" in kept) == (False, False)
    assert "13812345678" not in str(list(AuditEntry.objects.values_list("changes", "detail")))


@pytest.mark.parametrize(
    ("heading", "value", "wan"),
    [
        ("计划总投资（亿元）", 1.2, 12000),
        ("计划总投资(亿元)", "1.2", 12000),
        ("计划投资（万元）", "１，２００", 1200),
        ("总投资 [亿元]", "5000万", 5000),
        ("计划投资（万元）", "1.2亿元", 12000),
        ("计划投资（元）", 50_000_000, 5000),
        ("计划投资（亿元）", 0.1 + 0.2, 3000),
    ],
)
def test_the_heading_decides_the_unit(specialist, chain, heading, value, wan):
    file = leads(lead(wan=value), headings=(*HEADINGS[:4], heading))
    run = taken(Lead, file, specialist)
    assert errors(run) == []
    written(run)
    assert Lead.objects.get().planned_investment_wan == Decimal(wan)


def test_groups_of_three_only(specialist, chain):
    run = taken(Lead, leads(lead(wan="1,5")), specialist)
    assert [(n, c, v) for n, c, v, _words in errors(run)] == [(2, "E", "1,5")]


def test_each_error_names_row_column_value_and_cure(specialist, chain):
    file = leads(
        ["甲有限公司", "线索", "不存在", "天上掉的", "很多"],
        [None, "线索", "新能源", "展会", 100],
        ["乙有限公司", "线索", "新能源", "展会", -5],
    )
    run = taken(Lead, file, specialist)
    found = [(number, column, value) for number, column, value, _words in errors(run)]
    assert found == [
        (2, "C", "不存在"),
        (2, "D", "天上掉的"),
        (2, "E", "很多"),
        (3, "A", ""),
        (4, "E", "-5"),
    ]
    assert all(words for *_place, words in errors(run))


def test_a_courted_investor_is_told_as_the_form_says(specialist, other_specialist, chain):
    known = factories.make_enterprise(name="长治新材料有限公司", chain=chain)
    theirs = factories.make_lead(enterprise=known, chain=chain, owner=other_specialist)
    run = taken(Lead, leads(lead(), lead("丙有限公司")), specialist)
    assert states(run) == ["DUPLICATE", "NEW"]
    assert lines(run)[0].data["duplicate"] == str(theirs.courted_words(specialist))
    written(run, "GOOD")
    assert set(Lead.objects.values_list("enterprise__name", flat=True)) == {
        known.name,
        "丙有限公司",
    }


def test_the_office_lets_one_stand_and_names_the_owner(office, specialist, chain):
    known = factories.make_enterprise(name="长治新材料有限公司", chain=chain)
    factories.make_lead(enterprise=known, chain=chain, owner=specialist)
    headings = (*HEADINGS, "负责人", "并行登记理由")
    reason = "两家各自投资，经主任办公会同意"
    row = lead("长治新材料有限公司", "二期", 100, specialist.display_name, reason)
    run = taken(Lead, leads(row, lead("丁有限公司"), headings=headings), office)
    assert (states(run), errors(run)) == (["NEW", "NEW"], [])
    written(run)
    owners = dict(Lead.objects.values_list("title", "owner__username"))
    assert (owners["二期"], owners["正极材料"]) == ("specialist", None)
    assert Lead.objects.get(title="二期").override_reason == reason


def test_a_specialist_names_neither_an_owner_nor_a_reason(specialist, other_specialist, chain):
    headings = (*HEADINGS, "负责人", "并行登记理由")
    named = lead("戊有限公司", "甲", 1, other_specialist.username)
    beside = lead("己有限公司", "乙", 1, None, "两家各自投资，经主任办公会同意")
    run = taken(Lead, leads(named, beside, headings=headings), specialist)
    assert states(run) == ["ERROR", "ERROR"]
    assert [column for _n, column, _v, _w in errors(run)][0] == "F"


def test_a_chain_leader_gives_leads_of_own_chains_alone(specialist, chain):
    leader = factories.make_user("chain_leader", chain=chain)
    other = factories.make_chain("equipment")
    abroad = factories.make_specialist(other, username="abroad")
    headings = (*HEADINGS, "负责人")
    own = lead("戊有限公司", "甲", 1, "specialist")
    far = ["己有限公司", "乙", other.name, "展会", 1, "abroad"]
    pool = ["庚有限公司", "丙", other.name, "展会", 1, None]
    run = taken(Lead, leads(own, far, pool, headings=headings), leader)
    assert (states(run), abroad.username) == (["NEW", "ERROR", "ERROR"], "abroad")
    assert [column for _n, column, _v, _w in errors(run)] == ["F", "C"]


def test_an_enterprise_out_of_reach_is_neither_taken_nor_described(specialist, chain):
    elsewhere = factories.make_chain("equipment")
    factories.make_enterprise(name="长治新材料有限公司", chain=elsewhere)
    run = taken(Lead, leads(lead()), specialist)
    assert states(run) == ["ERROR"]
    assert errors(run)[0][1] == "A"


def test_a_like_name_is_asked_and_not_decided(specialist, chain):
    factories.make_enterprise(name="长治新材料股份有限公司", chain=chain)
    headings = (*HEADINGS, "名称相近，确为另一家")
    asked = taken(Lead, leads(lead()), specialist)
    assert states(asked) == ["DUPLICATE"]
    assert "长治新材料股份有限公司" in lines(asked)[0].data["duplicate"]
    told = taken(Lead, leads(lead() + ["是"], headings=headings), specialist)
    assert states(told) == ["NEW"]


def test_two_rows_of_one_investor_are_told(specialist, chain):
    run = taken(Lead, leads(lead(), lead(title="负极材料")), specialist)
    assert states(run) == ["NEW", "DUPLICATE"]
    assert "2" in lines(run)[1].data["duplicate"]


def test_empty_cells_and_missing_columns_overwrite_nothing(specialist, chain):
    known = factories.make_enterprise(name="长治新材料有限公司", chain=chain)
    mine = factories.make_lead(
        enterprise=known,
        title="正极材料",
        chain=chain,
        owner=specialist,
        referrer="商会",
        needs="双回路供电",
        planned_investment_wan=Decimal(100),
    )
    headings = (*HEADINGS, "要素需求")
    row = ["长治新材料有限公司", "正极材料", None, None, 200, None]
    run = taken(Lead, leads(row, headings=headings), specialist)
    assert states(run) == ["CHANGED"]
    assert [change[1:] for change in lines(run)[0].data["changes"]] == [["100.0000", "200"]]
    written(run)
    mine.refresh_from_db()
    assert (mine.planned_investment_wan, mine.referrer, mine.needs) == (200, "商会", "双回路供电")
    changed = AuditEntry.objects.get(action="CHANGED", object_id=str(mine.pk))
    assert (changed.door, changed.by) == ("IMPORT", specialist)
    again = taken(Lead, leads(row, headings=headings, name="再次.xlsx"), specialist)
    assert states(again) == ["SAME"]


def test_a_colleagues_lead_is_not_changed(specialist, other_specialist, chain):
    known = factories.make_enterprise(name="长治新材料有限公司", chain=chain)
    boss = factories.make_user("chain_leader", chain=chain)
    factories.make_lead(enterprise=known, title="正极材料", chain=chain, owner=other_specialist)
    assert states(taken(Lead, leads(lead(wan=5)), specialist)) == ["DUPLICATE"]
    assert states(taken(Lead, leads(lead(wan=5)), boss)) == ["CHANGED"]


def test_all_or_nothing(specialist, chain):
    run = taken(Lead, leads(lead(), lead("丙有限公司", "负极", "很多")), specialist)
    with pytest.raises(Exception, match="请在文件里改好"):
        written(run)
    assert (Lead.objects.count(), Enterprise.objects.count()) == (0, 0)


def test_what_came_to_be_since_the_preview_stops_all(specialist, other_specialist, chain):
    run = taken(Lead, leads(lead(), lead("丙有限公司")), specialist)
    known = factories.make_enterprise(name="丙有限公司", chain=chain)
    factories.make_lead(enterprise=known, chain=chain, owner=other_specialist)
    written(run)
    assert (run.state, states(run)) == ("READY", ["NEW", "DUPLICATE"])
    assert (Lead.objects.count(), bool(run.why)) == (1, True)


def test_days_in_every_spelling(specialist, chain):
    spelt = ["2026/3/1", "2026年3月1日", date(2026, 3, 1), 46082, "2026-03-01 00:00:00", "20260301"]
    rows = [lead(f"企业{n}有限公司", "线索", 1, None, None, day) for n, day in enumerate(spelt)]
    run = written(taken(Lead, leads(*rows, headings=PEOPLE), specialist))
    assert errors(run) == []
    assert set(Lead.objects.values_list("next_follow_up_on", flat=True)) == {date(2026, 3, 1)}


def test_the_check_constraints_are_told_beforehand(specialist, chain):
    headings = (*HEADINGS, "其中：固定资产投资（万元）")
    run = taken(Lead, leads(lead() + [20000], headings=headings), specialist)
    assert states(run) == ["ERROR"]


def test_an_anonymised_person_is_gone_from_file_and_lines(office, specialist, chain, committed):
    row = lead("长治新材料有限公司", "正极材料", 1, "王五", "13812345678", None)
    run = written(taken(Lead, leads(row, headings=PEOPLE), specialist))
    with committed():
        Contact.objects.get().anonymise(by=office, reason="本人要求")
    run.refresh_from_db()
    assert (run.file.name, lines(run)) == ("", [])


def test_files_and_lines_are_kept_for_their_time_alone(specialist, chain, folder, committed):
    run = taken(Lead, leads(lead()), specialist)
    assert ImportRun.objects.past_keeping(timezone.now() + timedelta(days=29)).count() == 0
    with committed():
        ImportRun.objects.past_keeping(timezone.now() + timedelta(days=31)).drop_files()
    assert (lines(run), list(folder.rglob("*.bin"))) == ([], [])


def test_a_known_lead_gets_a_new_contact_though_no_lead_is_new(specialist, chain):
    written(taken(Lead, leads(lead()), specialist))
    row = lead("长治新材料有限公司", "正极材料", 12000, "王五", "13812345678", None)
    run = written(taken(Lead, leads(row, headings=PEOPLE), specialist))
    assert (run.state, states(run)) == (ImportRun.State.DONE, ["CHANGED"])
    assert Lead.objects.get().contact == Contact.objects.get(name="王五")
