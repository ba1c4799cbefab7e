"""One search finds all kinds of rows, by whatever is known of them, within reach."""

import re
from urllib.parse import quote

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from crm.models import Contact, Enterprise, Lead
from projects.models import Agreement, Project
from tests import factories
from zone.database import reading
from zone.database.search import words
from zone.models import AuditEntry, SecurityAlert, Space, User
from zone.pages.marks import marked

pytestmark = pytest.mark.django_db
CODE = "91149999MA0000001C"
NATIONAL = "2503-140400-04-01-123456"
KINDS = (Lead, Enterprise, Contact, Project, Agreement)
SEARCH = reverse("search")


def found(client, term: str) -> dict:
    """Return the groups of a search, {list of the kind: names}."""
    page = client.get(SEARCH, {"q": term, "part": "1"})
    assert page.status_code == 200
    groups = page.context["groups"]
    return {one.url.split("?")[0]: [text(hit.name) for hit in one.hits] for one in groups}


def text(pieces) -> str:
    return "".join(piece.text for piece in pieces)


def list_of(model) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")


@pytest.fixture
def world(chain, specialist):
    """A lead with all that hangs on it, and its like of another chain."""
    enterprise = factories.make_enterprise(
        name="长治锂电材料（集团）有限公司", uscc=CODE, chain=chain
    )
    contact = factories.make_contact(name="曾伟", phone="13812345678", enterprise=enterprise)
    lead = factories.make_lead(
        title="储能电芯项目", enterprise=enterprise, contact=contact, chain=chain, owner=specialist
    )
    project = factories.make_project(
        name="储能电芯项目", enterprise=enterprise, handler=specialist, lead=lead, chain=chain
    )
    Project.objects.filter(pk=project.pk).update(code="CZGX-2026-0005", project_code=NATIONAL)
    factories.make_agreement(project=project)
    other = factories.make_lead(
        title="储能电芯二期",
        chain=factories.make_chain("electronics"),
        owner=factories.make_specialist(factories.make_chain("electronics")),
    )
    factories.make_contact(name="曾未见", phone="13900005678", enterprise=other.enterprise)
    return lead


@pytest.mark.parametrize(
    ("term", "models"),
    [
        ("锂电材料", KINDS),
        ("锂电", KINDS),
        ("材料(集团)", KINDS),
        ("lidiancailiao", (Lead, Enterprise, Contact, Project)),
        ("LiDian", (Lead, Enterprise, Contact, Project)),
        ("ldcl", (Lead, Enterprise, Contact, Project)),
        ("ｌｄｃｌ", (Lead, Enterprise, Contact, Project)),
        ("chuneng", (Lead, Project, Agreement)),
        ("cndx", (Lead, Project, Agreement)),
        ("cn", (Lead, Project, Agreement)),
        (CODE.lower(), (Enterprise,)),
        ("９１１４９９９９ＭＡ００００００１Ｃ", (Enterprise,)),
        ("91149999 MA00 0000 1C", (Enterprise,)),
        ("CZGX-2026-0005", (Project, Agreement)),
        ("2026-0005", (Project, Agreement)),
        ("0005", (Project, Agreement)),
        (NATIONAL, (Project,)),
        ("２５０３-１４０４００-０４-０１-１２３４５６", (Project,)),
        ("曾伟", (Contact,)),
        ("zengwei", (Contact,)),
        ("zw", (Contact,)),
        ("5678", (Contact,)),
        ("138 1234 5678", (Lead, Enterprise, Contact)),
        ("没有这样", ()),
    ],
)
def test_each_kind_of_term_finds_its_rows(as_user, specialist, world, term, models):
    assert set(found(as_user(specialist), term)) == {list_of(model) for model in models}


def test_a_space_is_found_by_its_number_and_its_park(as_user, office):
    factories.make_space(code="A座-1203", park=factories.make_park(name="科创园"))
    client = as_user(office)
    for term in ("1203", "Ａ座", "kechuang", "科创"):
        assert found(client, term)[list_of(Space)] == ["科创园 A座-1203"]


def test_a_person_is_found_by_name_pinyin_and_account(as_user, specialist):
    client = as_user(factories.make_user("system_admin"))
    for term in ("专员甲", "zhuanyuanjia", "zyj", "specialist"):
        assert found(client, term) == {list_of(User): ["专员甲"]}


def test_nobody_finds_what_is_out_of_reach(as_user, specialist, office, world):
    """The like of another chain is there, and the office finds it."""
    mine, all_of_it = found(as_user(specialist), "储能电芯"), found(as_user(office), "储能电芯")
    assert mine[list_of(Lead)] == ["储能电芯项目"]
    assert set(all_of_it[list_of(Lead)]) == {"储能电芯项目", "储能电芯二期"}
    for term in ("zeng wj", "曾未见", "5678"):
        names = found(as_user(specialist), term).get(list_of(Contact), [])
        assert "曾未见" not in names
    assert len(found(as_user(office), "5678")[list_of(Contact)]) == 2
    operator = factories.make_user("park_operator")
    assert not {list_of(Contact), list_of(Lead)} & found(as_user(operator), "储能电芯").keys()


def test_a_line_says_what_it_is_and_shows_no_number(as_user, specialist, world):
    page = as_user(specialist).get(SEARCH, {"q": "锂电"})
    assert "新能源 · 新线索 · 专员甲" in re.sub("</?mark>", "", page.text)
    assert "<mark>锂电</mark>" in page.text
    assert not re.search(r"138\*|\*{4}|1381234", page.text)


@pytest.mark.parametrize("term", ["储能", "cn", "chuneng", "5678", "项目 储能"])
@pytest.mark.parametrize("most", [0, pytest.param(1_000, marks=pytest.mark.slow)])
def test_each_group_leads_to_the_list_with_the_same_rows(
    as_user, office, world, monkeypatch, term, most
):
    for n in range(7):
        factories.make_lead(title=f"储能{n}项目", chain=world.chain)
        factories.make_contact(name=f"人{n}", phone=f"136000{n}5678")
    client = as_user(office)
    monkeypatch.setattr(reading, "AT_LEAST", most)
    groups = client.get(SEARCH, {"q": term}).context["groups"]
    assert groups
    for one in groups:
        rows = client.get(one.url).context["cl"]
        assert one.number in (rows.result_count, most)
        assert {hit.url.split("/")[-2] for hit in one.hits} <= {
            str(row.pk) for row in rows.result_list
        }


def test_the_closest_name_comes_first(as_user, office, chain):
    firm = factories.make_enterprise(name="储能公司")
    for title in ("甲储能项目", "储能", "储能项目", "其他"):
        factories.make_lead(title=title, chain=chain, enterprise=firm)
    assert found(as_user(office), "储能")[list_of(Lead)] == [
        "储能",
        "储能项目",
        "甲储能项目",
        "其他",
    ]


def test_a_search_asks_the_same_number_of_questions_for_one_row_and_for_thirty(
    as_user, office, world
):
    client, asked = as_user(office), []
    client.get(SEARCH, {"q": "锂电", "part": "1"})
    for rows in (0, 30):
        for n in range(rows):
            firm = factories.make_enterprise(name=f"锂电{n}公司")
            contact = factories.make_contact(enterprise=firm, name=f"锂电{n}")
            factories.make_lead(title=f"锂电{n}", enterprise=firm, contact=contact)
            project = factories.make_project(name=f"锂电{n}", enterprise=firm)
            factories.make_agreement(project=project)
        with CaptureQueriesContext(connection) as seen:
            client.get(SEARCH, {"q": "锂电", "part": "1"})
        asked.append(len(seen))
    assert asked[0] == asked[1] <= 24


def test_a_short_or_endless_term_is_answered(as_user, office):
    client = as_user(office)
    assert "请至少输入两个字" in client.get(SEARCH, {"q": "锂"}).text
    assert "请至少输入两个字" in client.get(SEARCH).text
    for term in ("锂" * 100_000, "'" * 300, '"', "\x00\x00\x00", "%%%", "\\\\", "a " * 5_000):
        assert client.get(SEARCH, {"q": term}).status_code == 200


def test_strangers_are_sent_to_the_login(client):
    answer = client.get(f"{SEARCH}?q=" + quote("储能"))
    assert answer.status_code == 302
    assert answer.url.startswith("/admin/login/")


# Four digits


def test_four_digits_are_noted_once_a_day_without_saying_which(as_user, specialist, world):
    client = as_user(specialist)
    for term in ("5678", "５６７８", "5678", "9999"):
        found(client, term)
    [line] = AuditEntry.objects.filter(action="SEARCHED")
    assert line.by == specialist
    assert "5678" not in str(line.detail)
    assert SecurityAlert.objects.count() == 0


def test_who_tries_many_endings_is_told_of(as_user, specialist, world, settings):
    settings.REVEALS_A_DAY = 2
    client = as_user(specialist)
    for n in range(3):
        factories.make_contact(
            phone=f"1391111000{n}", enterprise=world.enterprise, entered_by=specialist
        )
        found(client, f"000{n}")
    alert = SecurityAlert.objects.get()
    assert (alert.kind, alert.about) == (SecurityAlert.Kind.REVEALS, specialist)


def test_an_ending_follows_the_number_and_goes_with_the_person(office):
    contact = factories.make_contact(phone="138 1234 5678")
    assert Contact.objects.with_ending("5678").get() == contact
    contact.phone = "13900009999"
    contact.save(update_fields=["phone"])
    assert not Contact.objects.with_ending("5678").exists()
    contact.anonymise(by=office, reason="本人要求")
    contact.refresh_from_db()
    assert (contact.phone_end_key, contact.sort_key) == ("", "yiniming/ynm")


def test_of_a_landline_the_digits_that_its_mask_hides_find_nothing():
    factories.make_contact(phone="0355-1234567")
    assert not Contact.objects.with_ending("4567").exists()


@pytest.mark.parametrize(
    ("word", "hits"),
    [
        ("锂电", "锂电"),
        ("ldcl", "锂电材料"),
        ("diancai", "电材"),
        ("ABB", "ABB"),
        ("ａｂｂ", "ABB"),
        ("(长", "（长"),
        ("zz", ""),
        ("", ""),
    ],
)
def test_the_hit_is_marked(word, hits):
    pieces = marked("ABB锂电材料（长治）", words(word))
    assert "".join(piece.text for piece in pieces if piece.is_hit) == hits
    assert text(pieces) == "ABB锂电材料（长治）"
