"""Two edits of one row: the second sees both and goes on without retyping."""

import pytest
from django.contrib.admin import site
from django.contrib.admin.templatetags.admin_urls import admin_urlname
from django.forms import ModelForm
from django.forms.models import _get_foreign_key
from django.urls import reverse

from crm.admin.screenings import ReadOnly
from projects.models import Credit, Project
from tests import factories
from tests.forms import fields
from zone.admin.versions import VersionedForm, VersionedInline
from zone.models import ApiKey, Appointment, AuditEntry

pytestmark = pytest.mark.django_db


@pytest.fixture
def project(office):
    return factories.make_project(name="正极材料", content="一期", total_investment_wan=10_000)


@pytest.fixture
def door(as_user, office, project):
    return Door(as_user(office), project)


class Door:
    """The project's form as a browser uses it: opened, filled in, posted."""

    def __init__(self, client, project):
        self.client = client
        self.url = reverse("admin:projects_project_change", args=[project.pk])

    def open(self) -> dict:
        return fields(self.client.get(self.url))

    def post(self, data: dict, **changes):
        return self.client.post(self.url, {**data, **changes})


def test_an_edit_of_a_row_nobody_else_touched_is_saved(door, project):
    assert door.post(door.open(), content="二期").status_code == 302
    project.refresh_from_db()
    assert project.content == "二期"


def edited_by(user, project, **values):
    Project.objects.filter(pk=project.pk).update(**values)
    AuditEntry.objects.record(AuditEntry.Action.CHANGED, by=user, of=project)


def test_the_second_of_two_edits_sees_theirs_and_yours_who_and_when(door, project):
    mine = door.open()
    other = factories.make_office(username="colleague", display_name="李科长")
    edited_by(other, project, content="对方写的")
    response = door.post(mine, content="我写的")
    assert response.status_code == 200
    project.refresh_from_db()
    assert project.content == "对方写的"
    [conflict] = response.context["conflicts"]
    assert conflict.change.startswith("李科长（colleague）于 20")
    assert [(one.saved, one.entered) for one in conflict.entered] == [("对方写的", "我写的")]
    assert conflict.taken_over == []
    for words in ("李科长", "对方写的", "我写的"):
        assert words in response.text


def test_all_who_changed_it_since_are_named_and_nobody_who_did_before(door, project):
    others = [factories.make_office(display_name=name) for name in ("早前人", "李科长", "王科长")]
    edited_by(others[0], project, content="早前写的")
    mine = door.open()
    for other in others[1:]:
        edited_by(other, project, content=other.display_name)
    [conflict] = door.post(mine, content="我写的").context["conflicts"]
    assert "李科长" in conflict.change
    assert "王科长" in conflict.change
    assert "早前人" not in conflict.change


def test_ones_own_earlier_save_is_not_somebody_elses(door, project, office):
    mine = door.open()
    assert door.post(mine, content="另一窗口").status_code == 302
    [conflict] = door.post(mine, content="本窗口").context["conflicts"]
    assert conflict.change.startswith("您于 20")
    assert str(office.display_name) not in conflict.change


def test_who_only_looked_changed_nothing(door, project):
    mine = door.open()
    reader = factories.make_office(display_name="查看者")
    AuditEntry.objects.record(AuditEntry.Action.REVEALED, by=reader, of=project)
    Project.objects.filter(pk=project.pk).update(content="对方写的")
    [conflict] = door.post(mine, content="我写的").context["conflicts"]
    assert "查看者" not in conflict.change


def test_going_on_saves_what_was_typed_without_retyping(door, project):
    mine = door.open()
    Project.objects.filter(pk=project.pk).update(content="对方写的")
    again = fields(door.post(mine, content="我写的"))
    assert again["content"] == "我写的"
    assert door.post(again).status_code == 302
    project.refresh_from_db()
    assert project.content == "我写的"


def test_what_was_left_alone_takes_the_newer_value_and_is_not_called_entered(door, project):
    mine = door.open()
    Project.objects.filter(pk=project.pk).update(name="改过的名称", total_investment_wan=20_000)
    response = door.post(mine, content="我写的")
    [conflict] = response.context["conflicts"]
    assert conflict.entered == []
    assert [one.saved for one in conflict.taken_over] == ["改过的名称", "2.00 亿元"]
    assert "您填写的是" not in response.text
    assert door.post(fields(response)).status_code == 302
    project.refresh_from_db()
    assert (project.name, project.content) == ("改过的名称", "我写的")
    assert project.total_investment_wan == 20_000


def test_a_form_that_was_left_alone_stands_in_nobodys_way(door, project):
    mine = door.open()
    Project.objects.filter(pk=project.pk).update(content="对方写的")
    assert door.post(mine).status_code == 302
    project.refresh_from_db()
    assert project.content == "对方写的"


def test_a_third_edit_after_the_conflict_page_is_noticed_too(door, project):
    mine = door.open()
    Project.objects.filter(pk=project.pk).update(content="对方写的")
    again = fields(door.post(mine, content="我写的"))
    Project.objects.filter(pk=project.pk).update(content="又改了")
    assert door.post(again).context["conflicts"]
    project.refresh_from_db()
    assert project.content == "又改了"


def test_an_error_keeps_what_was_seen_so_that_nothing_slips_through(door, project):
    mine = door.open()
    again = fields(door.post(mine, name=""))
    Project.objects.filter(pk=project.pk).update(content="对方写的")
    assert door.post(again, name="新名称").context["conflicts"]


def test_a_row_of_an_inline_changed_meanwhile_is_not_overwritten(door, project):
    credit = factories.make_credit(project=project, specialist=factories.make_user(), share=40)
    mine = door.open()
    Credit.objects.filter(pk=credit.pk).update(share=60)
    response = door.post(mine, **{"credits-0-share": "50"})
    credit.refresh_from_db()
    assert (response.status_code, credit.share) == (200, 60)
    [conflict] = response.context["conflicts"]
    assert conflict.row == credit
    assert [(one.saved, one.entered) for one in conflict.entered] == [("60", "50")]
    assert door.post(fields(response)).status_code == 302
    credit.refresh_from_db()
    assert credit.share == 50


def test_a_row_of_an_inline_left_alone_keeps_what_was_saved_meanwhile(door, project):
    credit = factories.make_credit(project=project, specialist=factories.make_user(), share=40)
    mine = door.open()
    Credit.objects.filter(pk=credit.pk).update(share=60)
    assert door.post(mine, content="二期").status_code == 302
    credit.refresh_from_db()
    project.refresh_from_db()
    assert (credit.share, project.content) == (60, "二期")


def test_a_form_without_the_version_counts_as_drawn_from_another_one(door, project):
    mine = door.open()
    Project.objects.filter(pk=project.pk).update(content="对方写的")
    for seen in ("", None):
        sent = {key: value for key, value in mine.items() if key != "seen" or seen is not None}
        response = door.post(sent, content="我写的", **({"seen": seen} if seen == "" else {}))
        assert response.context["conflicts"]
    project.refresh_from_db()
    assert project.content == "对方写的"
    assert door.post(fields(response)).status_code == 302


def test_without_the_check_the_first_edit_would_be_lost(door, project, monkeypatch):
    """The negative control: comparing the versions is what protects."""
    mine = door.open()
    Project.objects.filter(pk=project.pk).update(content="对方写的")
    monkeypatch.setattr(VersionedForm, "full_clean", ModelForm.full_clean)
    assert door.post(mine, content="我写的").status_code == 302
    project.refresh_from_db()
    assert project.content == "我写的"


def test_a_version_that_cannot_be_read_counts_as_another_one(door, project):
    mine = door.open()
    response = door.post(mine, content="我写的", seen=mine["seen"][:-3] + "xyz")
    assert response.context["conflicts"]
    assert door.post(fields(response)).status_code == 302


def test_a_row_of_an_inline_removed_meanwhile_is_told_and_the_rest_goes_on(door, project, office):
    gone, kept = (
        factories.make_credit(project=project, specialist=factories.make_user(), share=share)
        for share in (40, 30)
    )
    mine = door.open()
    AuditEntry.objects.record(AuditEntry.Action.DELETED, by=office, of=gone)
    gone.delete()
    assert mine["credits-1-id"] == kept.pk
    response = door.post(mine, **{"credits-0-share": "45", "credits-1-share": "35"})
    kept.refresh_from_db()
    assert (response.status_code, kept.share) == (200, 30)
    assert "招商办（office）" in response.text
    assert "已不在此表中" in response.text
    assert door.post(fields(response)).status_code == 302
    assert [(credit.pk, credit.share) for credit in project.credits.all()] == [(kept.pk, 35)]


def test_a_contact_anonymised_meanwhile_is_told(as_user, office):
    contact = factories.make_contact(name="王经理", phone="13812345678")
    client = as_user(office)
    url = reverse("admin:crm_enterprise_change", args=[contact.enterprise_id])
    mine = fields(client.get(url))
    assert mine["contacts-0-id"] == contact.pk
    contact.anonymise(by=factories.make_office(username="other"), reason="本人要求")
    response = client.post(url, mine | {"contacts-0-title": "总经理"})
    contact.refresh_from_db()
    assert (response.status_code, contact.title) == (200, "")
    assert "已不在此表中" in response.text
    assert "王经理" not in response.text
    assert client.post(url, fields(response)).status_code == 302


def test_the_second_to_delete_a_file_is_told_that_it_is_gone(as_user, office, folder):
    file = factories.make_attachment(project=factories.make_project())
    client = as_user(office)
    url = reverse("admin:projects_project_change", args=[file.project_id])
    mine = fields(client.get(url))
    file.remove(by=office)
    response = client.post(url, mine | {"attachments-0-DELETE": "on"})
    assert (response.status_code, "已不在此表中" in response.text) == (200, True)


@pytest.mark.parametrize("amount", ["NaN", "sNaN", "Infinity", "1" + "0" * 30, "1e9999", "-5"])
def test_what_is_no_amount_is_shown_as_entered(door, project, amount):
    mine = door.open()
    Project.objects.filter(pk=project.pk).update(total_investment_wan=20_000)
    answer = door.post(mine, total_investment_wan=amount)
    assert answer.status_code == 200
    assert "total_investment_wan" in answer.context["adminform"].form.errors


def test_a_row_changed_meanwhile_is_not_removed_unseen(door, project):
    door.client.force_login(factories.make_user(is_superuser=True))
    credit = factories.make_credit(project=project, specialist=factories.make_user(), share=40)
    mine = door.open()
    Credit.objects.filter(pk=credit.pk).update(share=60)
    answer = door.post(mine, **{"credits-0-DELETE": "on"})
    assert (answer.status_code, Credit.objects.get().share) == (200, 60)
    assert "如仍要删除" in answer.text
    assert door.post(fields(answer), **{"credits-0-DELETE": "on"}).status_code == 302
    assert not Credit.objects.exists()


def test_a_row_of_somebody_else_is_named_to_nobody(door, project, office):
    other = factories.make_credit(
        project=factories.make_project(name="别处的项目"), specialist=office
    )
    AuditEntry.objects.record(AuditEntry.Action.CHANGED, by=office, of=other)
    factories.make_credit(project=project, specialist=factories.make_user(), share=40)
    for key in (str(other.pk), "a\0b"):
        answer = door.post(door.open(), **{"credits-0-id": key})
        assert "其间有一行已被删除" in answer.text
        assert str(other) not in answer.text


def test_more_rows_than_there_are_cost_nothing(door, project):
    factories.make_credit(project=project, specialist=factories.make_user(), share=40)
    counts = {"credits-INITIAL_FORMS": "1000000000000", "credits-TOTAL_FORMS": "1"}
    assert door.post(door.open(), **counts).status_code in (200, 302)


def inlines() -> list:
    found = (
        pytest.param(model_admin.model, inline, id=inline.model.__name__)
        for model_admin in site._registry.values()
        for inline in getattr(model_admin, "inlines", ())
        if issubclass(inline, VersionedInline) and not isinstance(model_admin, ReadOnly)
    )
    return list(found)


@pytest.mark.slow
@pytest.mark.parametrize("key", [None, "", "x", "00000000-0000-4000-8000-000000000000"])
@pytest.mark.parametrize(("model", "inline"), inlines())
def test_a_row_of_an_inline_without_its_key_is_a_form_error(client, folder, model, inline, key):
    row = factories.make(inline.model)
    parent = getattr(row, _get_foreign_key(model, inline.model).name)
    client.force_login(factories.make_user(is_superuser=True))
    url = reverse(admin_urlname(model._meta, "change"), args=[parent.pk])
    data = fields(client.get(url))
    [name] = [name for name, value in data.items() if value == row.pk and name.endswith("-0-id")]
    del data[name]
    answer = client.post(url, data if key is None else data | {name: key})
    # A table that is only read asks for no key.
    is_read = inline.model in (ApiKey, Appointment)
    assert answer.status_code == (302 if is_read and not key else 200)
    assert inline.model.objects.get(pk=row.pk).version == row.version
