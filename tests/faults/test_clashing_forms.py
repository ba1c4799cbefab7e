"""Of several who save one thing at once in the admin one wins; the others read why."""

import pytest
from django.apps import apps
from django.contrib.postgres.constraints import ExclusionConstraint
from django.db import models, transaction
from django.db.backends.postgresql.psycopg_any import DateRange
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from crm.models import Contact, Enterprise, Lead
from projects.models import Occupancy
from tests import factories
from tests.racing import at_once, held_up
from zone.admin.clashes import rule_of

pytestmark = pytest.mark.django_db(transaction=True)
ADD_OCCUPANCY, ADD_LEAD = "admin:projects_occupancy_add", "admin:crm_lead_add"
OVERLAP = "该单元或地块在此期间已有入驻"
JUST_RECORDED = "该企业刚刚由他人录入"


def logged_in(user) -> Client:
    client = Client()
    client.force_login(user)
    return client


def booking(space, **fields) -> dict:
    days = {"starts_on": "2025-01-01", "ends_on": "2025-12-31"}
    return {"space": space.pk, "enterprise": factories.make_enterprise().pk, "kind": "LEASE"} | (
        days | fields
    )


def intake(chain) -> dict:
    return {
        "enterprise_name": "示例新企业有限公司",
        "title": "新项目",
        "chain": chain.pk,
        "source": "OWN",
        "planned_investment_wan": "12000",
        "contact_name": "王经理",
        "contact_phone": "0355-0001234",
    }


@pytest.fixture
def blind(monkeypatch):
    """Let forms see no rule that other rows decide, as when these are saved just after the look."""
    monkeypatch.setattr(models.Model, "validate_constraints", lambda self, exclude=None: None)
    monkeypatch.setattr(models.Model, "validate_unique", lambda self, exclude=None: None)


def test_of_three_who_book_a_space_one_has_it_and_the_others_their_form():
    space, offices = factories.make_space(), [factories.make_office() for _ in range(3)]
    forms = [booking(space, note=f"第{n}位") for n in range(3)]
    address = reverse(ADD_OCCUPANCY)
    answers = at_once(3, lambda n: (n, logged_in(offices[n]).post(address, forms[n])))
    assert sorted(answer.status_code for _n, answer in answers) == [200, 200, 302]
    assert Occupancy.objects.count() == 1
    for n, answer in answers:
        assert answer.status_code == 302 or (OVERLAP in answer.text and f"第{n}位" in answer.text)


def test_who_is_checked_before_the_first_has_committed_reads_the_rule():
    """Without the second try this was an error page, and what was typed was gone."""
    space, office = factories.make_space(), factories.make_office()
    form, address = booking(space, note="我的备注"), reverse(ADD_OCCUPANCY)
    other = factories.make_enterprise()
    with transaction.atomic():
        year = DateRange(timezone.localdate().replace(month=1, day=1), None)
        Occupancy(space=space, enterprise=other, period=year).save()
        form["starts_on"], form["ends_on"] = year.lower.isoformat(), ""
        second = held_up(lambda: logged_in(office).post(address, form))
    answer = second.result(60)
    assert answer.status_code == 200
    assert OVERLAP in answer.text
    assert "我的备注" in answer.text


def test_who_logs_an_enterprise_that_another_is_just_logging_is_told():
    chain = factories.make_chain()
    person, form, address = factories.make_specialist(chain), intake(chain), reverse(ADD_LEAD)
    with transaction.atomic():
        Enterprise(name="示例新企业 有限公司", chain=chain).save()
        second = held_up(lambda: logged_in(person).post(address, form))
    answer = second.result(60)
    assert (answer.status_code, JUST_RECORDED in answer.text) == (200, True)
    assert 'value="王经理"' in answer.text
    assert (Lead.objects.count(), Contact.objects.count()) == (0, 0)


@pytest.mark.usefixtures("blind")
def test_a_form_that_saw_no_rule_tells_it_in_its_own_words():
    first = factories.make_enterprise(name="示例甲有限公司")
    second = factories.make_enterprise()
    client = logged_in(factories.make_office())
    address = reverse("admin:crm_enterprise_change", args=[second.pk])
    answer = client.post(address, {"name": first.name, "contacts-TOTAL_FORMS": 0}
                         | {"contacts-INITIAL_FORMS": 0})  # fmt: skip
    assert (answer.status_code, "“示例甲有限公司”已有记录" in answer.text) == (200, True)


@pytest.mark.usefixtures("blind")
def test_a_state_page_tells_the_rule_too():
    project = factories.make_project()
    factories.make_agreement(project=project, recognised_on=timezone.localdate())
    waiting = factories.make_agreement(project=project)
    client = logged_in(factories.make_office())
    address = reverse("admin:projects_agreement_recognise", args=[waiting.pk])
    answer = client.post(address, {"on": timezone.localdate().isoformat()})
    assert (answer.status_code, "一个项目只计一次" in answer.text) == (200, True)


def test_a_row_that_others_have_come_to_point_at_is_not_deleted(monkeypatch):
    """The page looks for them before, the database at the end."""
    superuser = logged_in(factories.make_user(is_superuser=True))
    enterprise = factories.make_enterprise()
    factories.make_lead(enterprise=enterprise)
    monkeypatch.setattr("django.db.models.deletion.Collector.collect", collect_alone)
    address = reverse("admin:crm_enterprise_delete", args=[enterprise.pk])
    answer = superuser.post(address, {"post": "yes"}, follow=True)
    assert (answer.status_code, "请重新查看" in answer.text) == (200, True)
    listed = reverse("admin:crm_enterprise_changelist")
    chosen = {"action": "delete_selected", "_selected_action": [enterprise.pk], "post": "yes"}
    answer = superuser.post(listed, chosen, follow=True)
    assert (answer.status_code, "请重新查看" in answer.text) == (200, True)
    assert Enterprise.objects.filter(pk=enterprise.pk).exists()


def collect_alone(self, objs, *args, **kwargs):
    self.add(objs)


def test_every_rule_of_a_model_says_what_to_do():
    """Django's own words for a named constraint are its name."""
    for model in apps.get_models():
        if model._meta.app_label in ("zone", "crm", "projects"):
            for rule in model._meta.constraints:
                if isinstance(rule, (ExclusionConstraint, models.UniqueConstraint)):
                    (said,) = rule_of(model._meta.db_table, rule.name).messages
                    assert rule.name not in said, rule.name
