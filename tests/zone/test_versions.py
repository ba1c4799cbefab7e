"""Two edits of one row: the second sees both and goes on without retyping."""

import pytest
from django.urls import reverse

from projects.models import Credit, Project
from tests import factories
from tests.forms import fields
from zone.models import AuditEntry

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


def test_the_second_of_two_edits_sees_theirs_and_yours_who_and_when(door, project):
    mine = door.open()
    other = factories.make_office(username="colleague", display_name="李科长")
    Project.objects.filter(pk=project.pk).update(content="对方写的")
    AuditEntry.objects.record(AuditEntry.Action.CHANGED, by=other, of=project)
    response = door.post(mine, content="我写的")
    assert response.status_code == 200
    project.refresh_from_db()
    assert project.content == "对方写的"
    conflict = response.context["conflict"]
    assert (conflict.who, len(conflict.differences)) == ("李科长（colleague）", 1)
    difference = conflict.differences[0]
    assert (difference.theirs, difference.yours, difference.kept) == (
        "对方写的",
        "我写的",
        "我写的",
    )
    for words in ("李科长", "对方写的", "我写的"):
        assert words in response.text


def test_going_on_saves_what_was_typed_without_retyping(door, project):
    mine = door.open()
    Project.objects.filter(pk=project.pk).update(content="对方写的")
    again = fields(door.post(mine, content="我写的"))
    assert again["content"] == "我写的"
    assert door.post(again).status_code == 302
    project.refresh_from_db()
    assert project.content == "我写的"


def test_what_was_left_alone_takes_the_newer_value(door, project):
    mine = door.open()
    Project.objects.filter(pk=project.pk).update(name="改过的名称", total_investment_wan=20_000)
    response = door.post(mine, content="我写的")
    kept = {row.label: row.kept for row in response.context["conflict"].differences}
    assert "2.00 亿元" in kept.values() or "2.00亿元" in kept.values()
    assert door.post(fields(response)).status_code == 302
    project.refresh_from_db()
    assert (project.name, project.content) == ("改过的名称", "我写的")
    assert project.total_investment_wan == 20_000


def test_a_third_edit_after_the_conflict_page_is_noticed_too(door, project):
    mine = door.open()
    Project.objects.filter(pk=project.pk).update(content="对方写的")
    again = fields(door.post(mine, content="我写的"))
    Project.objects.filter(pk=project.pk).update(content="又改了")
    assert door.post(again).context["conflict"] is not None
    project.refresh_from_db()
    assert project.content == "又改了"


def test_an_error_keeps_what_was_seen_so_that_nothing_slips_through(door, project):
    mine = door.open()
    again = fields(door.post(mine, name=""))
    Project.objects.filter(pk=project.pk).update(content="对方写的")
    assert door.post(again, name="新名称").context["conflict"] is not None


def test_a_row_of_an_inline_changed_meanwhile_is_not_overwritten(door, project):
    credit = factories.make_credit(project=project, specialist=factories.make_user(), share=40)
    mine = door.open()
    Credit.objects.filter(pk=credit.pk).update(share=60)
    response = door.post(mine, **{"credits-0-share": "50"})
    credit.refresh_from_db()
    assert (response.status_code, credit.share) == (200, 60)
    assert "60" in str(response.context["inline_admin_formsets"][1].formset.errors)
    assert door.post(fields(response)).status_code == 302
    credit.refresh_from_db()
    assert credit.share == 50


def test_without_the_version_the_first_edit_would_be_lost(door, project):
    """The negative control: what the form carries is what protects."""
    mine = door.open()
    Project.objects.filter(pk=project.pk).update(content="对方写的")
    assert door.post(mine, content="我写的", seen="").status_code == 302
    project.refresh_from_db()
    assert project.content == "我写的"


def test_a_version_that_cannot_be_read_counts_as_another_one(door, project):
    mine = door.open()
    response = door.post(mine, content="我写的", seen=mine["seen"][:-3] + "xyz")
    assert response.context["conflict"] is not None
    assert door.post(fields(response)).status_code == 302
