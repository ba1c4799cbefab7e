"""What the admin and the commands write into the trail."""

from datetime import date
from decimal import Decimal
from io import StringIO

import pytest
from django.contrib.admin.models import LogEntry
from django.core.management import call_command
from django.urls import reverse

from crm.models import Contact, Lead
from projects.models import Credit, Project
from tests.factories import (
    make_agreement,
    make_appointment,
    make_arrival,
    make_chain,
    make_contact,
    make_credit,
    make_enterprise,
    make_follow_up,
    make_lead,
    make_occupancy,
    make_park,
    make_project,
    make_screening,
    make_user,
)
from tests.forms import send
from zone.models import Appointment, AuditEntry, Building, Fund, User

pytestmark = pytest.mark.django_db
PHONE, WECHAT, EMAIL = "13800001234", "wx_shili_2025", "someone@example.com"


@pytest.fixture
def root(client):
    user = make_user(username="root", display_name="超管", is_superuser=True)
    client.force_login(user)
    return user


def path(row, page: str = "change") -> str:
    return reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_{page}", args=[row.pk])


def add_path(model) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_add")


def formset(prefix: str, *rows: dict, initial: int = 0) -> dict:
    data = {f"{prefix}-TOTAL_FORMS": len(rows), f"{prefix}-INITIAL_FORMS": initial}
    for n, row in enumerate(rows):
        data |= {f"{prefix}-{n}-{name}": value for name, value in row.items()}
    return data


def saved(client, url: str, data: dict):
    response = send(client, url, data)
    errors = response.context and response.context["adminform"].form.errors
    assert response.status_code == 302, errors


def trail(row) -> list[tuple]:
    """Return (action, changes) of a row's lines, the oldest first."""
    lines = AuditEntry.objects.of(row).order_by("id")
    return [(line.action, line.changes) for line in lines]


def test_an_addition_says_what_was_written(client, root):
    saved(client, add_path(Fund), {"name": "产业基金", "purpose": "", "source": "公开报道"})
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.by, entry.by_name) == ("CREATED", root, root.name_and_account)
    assert (entry.door, entry.address) == ("ADMIN", "127.0.0.1")
    assert (entry.model, entry.object_name) == ("zone.fund", "产业基金")
    assert entry.changes == {"name": ["", "产业基金"], "source": ["", "公开报道"]}


def test_a_change_says_before_and_after(client, root):
    fund = Fund.objects.create(name="旧名", purpose="用途")
    saved(client, path(fund), {"name": "新名", "purpose": "用途", "source": ""})
    assert trail(fund) == [("CHANGED", {"name": ["旧名", "新名"]})]


def test_a_save_that_changes_nothing_writes_nothing(client, root):
    fund = Fund.objects.create(name="基金", purpose="用途")
    saved(client, path(fund), {"name": "基金", "purpose": "用途", "source": ""})
    assert trail(fund) == []


def test_a_foreign_key_is_written_by_its_name(client, root):
    enterprise = make_enterprise(chain=make_chain())
    data = {"name": enterprise.name, "chain": str(make_chain("electronics").pk)}
    saved(client, path(enterprise), data | formset("contacts"))
    assert trail(enterprise) == [("CHANGED", {"chain": ["新能源", "电子信息"]})]


def test_what_a_form_builds_itself_is_seen_as_well(client, root):
    """The period of an occupancy is no field of its form, the two days in it are."""
    row = make_occupancy(date(2025, 1, 1), date(2026, 1, 1))
    data = {"space": str(row.space_id), "enterprise": str(row.enterprise_id), "kind": row.kind}
    saved(client, path(row), data | {"starts_on": "2025-01-01", "ends_on": "2025-06-30"})
    changes = {"period": ["2025-01-01 – 2025-12-31", "2025-01-01 – 2025-06-30"]}
    assert trail(row) == [("CHANGED", changes)]


def test_each_row_of_an_inline_has_its_line_and_shows_at_its_parent(client, root):
    park = make_park()
    old = Building.objects.create(park=park, name="1号楼", floors=3)
    gone = Building.objects.create(park=park, name="2号楼")
    rows = (
        {"id": old.pk, "name": "1号楼", "floors": 5, "park": park.pk},
        {"id": gone.pk, "name": "2号楼", "floors": "", "park": park.pk, "DELETE": "on"},
        {"name": "3号楼", "floors": "", "park": park.pk},
    )
    data = {"code": park.code, "name": park.name, "kind": park.kind, "position": 0}
    saved(client, path(park), data | formset("buildings", *rows, initial=2))
    new = Building.objects.get(name="3号楼")
    park_name = str(park)
    assert trail(old) == [("CHANGED", {"floors": ["3", "5"]})]
    assert trail(new) == [("CREATED", {"park": ["", park_name], "name": ["", "3号楼"]})]
    assert trail(gone) == [("DELETED", {"park": [park_name, ""], "name": ["2号楼", ""]})]
    shared = AuditEntry.objects.timeline(park).values_list("object_id", flat=True)
    assert set(shared) == {str(row.pk) for row in (old, new, gone)}


def test_a_deletion_takes_a_line_for_all_that_goes_along(client, root):
    enterprise = make_enterprise(name="示例离开有限公司")
    contact = make_contact(enterprise=enterprise, phone=PHONE)
    key = str(contact.pk)
    assert client.post(path(enterprise, "delete"), {"post": "yes"}).status_code == 302
    lines = {line.model: line for line in AuditEntry.objects.filter(action="DELETED")}
    assert lines.keys() == {"crm.enterprise", "crm.contact"}
    assert lines["crm.contact"].object_id == key
    assert lines["crm.enterprise"].changes["name"] == ["示例离开有限公司", ""]


def test_the_delete_action_writes_a_line_a_row(client, root):
    funds = [Fund.objects.create(name=f"基金{n}") for n in range(3)]
    data = {"action": "delete_selected", "_selected_action": [fund.pk for fund in funds]}
    client.post(reverse("admin:zone_fund_changelist"), data | {"post": "yes"})
    assert not Fund.objects.exists()
    names = AuditEntry.objects.filter(action="DELETED").values_list("object_name", flat=True)
    assert set(names) == {"基金0", "基金1", "基金2"}


def test_an_action_that_fails_leaves_no_line(client, root, monkeypatch):
    fund = Fund.objects.create(name="基金")
    monkeypatch.setattr(type(Fund.objects.all()), "delete", lambda rows: 1 / 0)
    data = {"action": "delete_selected", "_selected_action": [fund.pk], "post": "yes"}
    with pytest.raises(ZeroDivisionError):
        client.post(reverse("admin:zone_fund_changelist"), data)
    assert not AuditEntry.objects.exists()


def test_django_keeps_no_log_beside_the_trail(client, root):
    saved(client, add_path(Fund), {"name": "基金"})
    fund = Fund.objects.get()
    saved(client, path(fund), {"name": "新名"})
    client.post(path(fund, "delete"), {"post": "yes"})
    assert [line.action for line in AuditEntry.objects.order_by("id")] == [
        "CREATED",
        "CHANGED",
        "DELETED",
    ]
    assert not LogEntry.objects.exists()


def test_the_first_page_of_the_admin_shows_no_old_log(client, root):
    LogEntry.objects.log_actions(root.pk, [make_lead(title="早已看不到")], 1, "x")
    assert "早已看不到" not in client.get(reverse("admin:index")).text


def test_a_state_change_writes_one_line_with_its_reason(client, root):
    lead = make_lead(owner=root)
    client.post(
        reverse("admin:crm_lead_close", args=[lead.pk]),
        {"to": "LOST", "lost_reason": "ELSEWHERE", "reason": "另选他地"},
    )
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.why) == ("STATE", "另选他地")
    assert entry.changes == {"stage": ["NEW", "LOST"]}


def test_an_appointment_is_appointed_and_ended(client, root):
    person, chain = make_user(), make_chain()
    data = {"user": str(person.pk), "role": "SPECIALIST", "chain": str(chain.pk), "park": ""}
    saved(client, add_path(Appointment), data | {"starts_on": "2025-01-01", "ends_on": ""})
    post = Appointment.objects.get()
    client.post(path(post, "end"), {"on": "2025-06-30", "reason": "调任"})
    assert [action for action, _changes in trail(post)] == ["APPOINTED", "ENDED"]
    assert trail(post)[1] == ("ENDED", {"ends_on": ["", "2025-06-30"]})
    assert AuditEntry.objects.timeline(person).count() == 2


def test_a_change_of_rights_is_called_so(client, root):
    person = make_user(is_active=False)
    data = {"username": person.username, "display_name": "甲", "is_superuser": "on"}
    data |= {"is_active": "on"} | formset("appointments")
    saved(client, path(person), data)
    assert trail(person)[0][0] == "RIGHTS"
    assert trail(person)[0][1]["is_superuser"] == ["False", "True"]


def test_a_lead_logged_with_all_that_is_new_leaves_a_line_for_each(client, root):
    data = {"enterprise_name": "示例新来有限公司", "title": "新线索", "source": "OWN"}
    data |= {"chain": str(make_chain().pk), "planned_investment_wan": "1000"}
    data |= {"contact_name": "王经理", "contact_phone": PHONE, "contact_title": ""}
    saved(client, add_path(Lead), data)
    made = AuditEntry.objects.filter(action="CREATED").values_list("model", flat=True)
    assert set(made) == {"crm.enterprise", "crm.contact", "crm.lead"}
    contact = AuditEntry.objects.get(model="crm.contact")
    assert contact.changes["phone"] == ["", "•••"]


def test_a_project_made_of_a_lead_has_its_line(client, root):
    lead = make_lead(owner=root)
    make_screening(lead=lead)
    lead.advance(by=root, on=date(2025, 6, 1))
    data = {"name": "新项目", "total_investment_wan": "1000", "on": "2025-06-30"}
    client.post(reverse("admin:crm_lead_convert", args=[lead.pk]), data)
    project = Project.objects.get()
    assert [action for action, _changes in trail(project)] == ["CREATED", "STATE"]
    assert trail(Credit.objects.get())[0][0] == "CREATED"


def test_no_personal_number_ever_stands_in_the_trail(client, root):
    enterprise = make_enterprise()
    own = {"name": enterprise.name}
    row = {
        "name": "王经理",
        "phone": PHONE,
        "wechat": WECHAT,
        "email": EMAIL,
        "title": "",
        "role": "",
    }
    saved(client, path(enterprise), own | formset("contacts", row))
    contact = Contact.objects.get()
    row |= {"id": contact.pk, "phone": "13900005678", "wechat": "wx_other_2025"}
    saved(client, path(enterprise), own | formset("contacts", row, initial=1))
    client.post(path(enterprise, "delete"), {"post": "yes"})
    lines = list(AuditEntry.objects.filter(model="crm.contact"))
    assert [line.action for line in lines] == ["DELETED", "CHANGED", "CREATED"]
    assert lines[1].changes == {"phone": ["•••", "•••"], "wechat": ["•••", "•••"]}
    text = "".join(f"{line.changes}{line.detail}{line.object_name}{line.why}" for line in lines)
    for number in (PHONE, WECHAT, EMAIL, "13900005678", "wx_other_2025"):
        assert number not in text


def test_no_password_ever_stands_in_the_trail(client, root):
    data = {"username": "neu", "display_name": "新人", "usable_password": "true"}
    data |= {"password1": "Zonghe-2025-xin", "password2": "Zonghe-2025-xin"}
    saved(client, add_path(User), data)
    person = User.objects.get(username="neu")
    assert trail(person)[0][1]["password"] == ["", "•••"]
    assert "argon2" not in str(trail(person))


@pytest.mark.slow
@pytest.mark.parametrize("again", [0, 1])
def test_a_command_that_changes_data_leaves_one_line(again):
    """Run again at once, it changes nothing and leaves none."""
    for command in ("load_zone", "load_demo", "clear_demo"):
        for _run in range(1 + again):
            call_command(command, stdout=StringIO())
        entry = AuditEntry.objects.get(action="COMMAND", detail__command=command)
        assert (entry.door, entry.by) == ("COMMAND", None)
        assert entry.detail["rows"] > 0


def test_a_share_shows_in_the_story_of_its_project():
    project = make_project()
    credit = make_credit(project=project, specialist=make_user(), share=Decimal(30))
    entry = AuditEntry.objects.record_made(credit, by=None)
    assert list(AuditEntry.objects.timeline(project)) == [entry]
    assert list(AuditEntry.objects.timeline(make_project())) == []


def test_a_follow_up_is_a_part_of_whichever_it_belongs_to():
    for owner in ({"lead": make_lead()}, {"project": make_project()}):
        row = make_follow_up(by=make_user(), **owner)
        entry = AuditEntry.objects.record_made(row, by=None)
        assert list(AuditEntry.objects.timeline(*owner.values())) == [entry]


def test_an_agreement_and_an_arrival_show_at_their_project():
    project = make_project()
    make_agreement(project=project).recognise(by=make_user())
    AuditEntry.objects.record_made(make_arrival(project=project), by=None)
    shown = AuditEntry.objects.timeline(project).values_list("model", flat=True)
    assert {"projects.capitalarrival", "projects.agreement"} <= set(shown)


def test_a_post_is_a_part_of_its_person():
    post = make_appointment(make_user(), "OFFICE")
    entry = AuditEntry.objects.record_made(post, by=None)
    assert entry.parent == f"zone.user:{post.user_id}"
