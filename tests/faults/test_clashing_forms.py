"""Of several who save one thing at once in the admin one wins; the others read why."""

import pytest
from django.apps import apps
from django.contrib.postgres.constraints import ExclusionConstraint
from django.db import models, transaction
from django.db.backends.postgresql.psycopg_any import DateRange
from django.test import Client
from django.urls import reverse, reverse_lazy
from django.utils import timezone

from crm.admin.lead_forms import LEAD_ACTIONS
from crm.models import Contact, Enterprise, Lead
from projects.models import Occupancy
from tests import factories
from tests.forms import fields
from tests.racing import at_once, held_up
from zone.admin.clashes import rule_of
from zone.admin.opened import action_url

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("no_screening")]
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


def test_of_two_who_enter_shares_of_a_project_at_once_the_second_reads_the_rule():
    """The second waits for the project's row, and is checked after the first has committed."""
    project, offices = factories.make_project(), [factories.make_office() for _ in range(2)]
    address = reverse("admin:projects_project_change", args=[project.pk])
    clients = [logged_in(office) for office in offices]
    forms = [fields(client.get(address)) for client in clients]
    for form in forms:
        share = {"specialist": factories.make_specialist().pk, "share": "60", "project": project.pk}
        form |= {f"credits-0-{name}": value for name, value in share.items()}
        form["credits-TOTAL_FORMS"] = 1
    answers = at_once(2, lambda n: clients[n].post(address, forms[n]))
    assert sorted(answer.status_code for answer in answers) == [200, 302]
    (refused,) = (answer for answer in answers if answer.status_code == 200)
    assert "合计 120%，不能超过 100%" in refused.text
    assert project.credits.count() == 1


def test_the_loser_of_a_claim_is_told_and_led_to_the_pool():
    chain = factories.make_chain()
    lead = factories.make_lead(chain=chain)
    people = [factories.make_specialist(chain) for _ in range(3)]
    clients = [logged_in(person) for person in people]
    addresses = [claim_address(client, lead) for client in clients]
    answers = at_once(3, lambda n: clients[n].post(addresses[n], follow=True))
    lead.refresh_from_db()
    assert lead.owner in people
    told = [answer for answer in answers if TAKEN in answer.text]
    assert (len(told), {answer.status_code for answer in answers}) == (2, {200})
    for answer in told:
        assert answer.redirect_chain[-1][0] == POOL
        assert lead.title not in answer.text
    late = people[[owner != lead.owner for owner in people].index(True)]
    assert logged_in(late).get(claim_address(clients[0], lead, late), follow=True).text.count(TAKEN)


ACTIONS = {action.name: action for action in LEAD_ACTIONS}
TAKEN = "已被他人抢先认领"
POOL = reverse_lazy("admin:crm_lead_changelist", query={"whose": "pool"})


def claim_address(client: Client, lead: Lead, person=None) -> str:
    """Return where the button on the lead's page leads, or led before somebody else took it."""
    if person is not None:
        return action_url(ACTIONS["claim"], lead, person)
    page = client.get(reverse("admin:crm_lead_change", args=[lead.pk]))
    return next(link["url"] for link in page.context["state_links"] if "/claim/" in link["url"])


def test_an_id_that_never_was_within_reach_stays_unknown():
    """The negative control: the mark is one person's, for one row and one action."""
    chain, other = factories.make_chain(), factories.make_chain("electronics")
    lead, person = factories.make_lead(chain=other), factories.make_specialist(chain)
    owner = factories.make_specialist(other)
    lead.claim(by=owner)
    address = reverse("admin:crm_lead_claim", args=[lead.pk])
    foreign = claim_address(None, lead, owner).partition("?")[2]
    within = claim_address(None, factories.make_lead(chain=chain), person).partition("?")[2]
    advance = action_url(ACTIONS["advance"], lead, person).partition("?")[2]
    client = logged_in(person)
    for query in ("", foreign, within, advance, "_opened=x"):
        assert client.get(f"{address}?{query}").status_code == 404
        assert client.post(f"{address}?{query}").status_code == 404


def test_a_lead_that_was_handed_on_while_its_form_was_filled_is_told_of():
    chain = factories.make_chain()
    person, office = factories.make_specialist(chain), factories.make_office()
    lead = factories.make_lead(chain=chain, owner=person)
    client, address = logged_in(person), reverse("admin:crm_lead_change", args=[lead.pk])
    form = fields(client.get(address))
    release = next(link["url"] for link in client.get(address).context["state_links"]
                   if "/release/" in link["url"])  # fmt: skip
    lead.assign(by=office, to=factories.make_specialist(chain), reason="调整分工")
    for answer in (client.post(address, form, follow=True), client.get(release, follow=True)):
        assert "已不在您的范围内" in answer.text
        assert answer.redirect_chain[-1][0] == reverse("admin:crm_lead_changelist")


def test_a_step_that_somebody_else_has_taken_leads_back_to_the_row():
    office, lead = factories.make_office(), factories.make_lead()
    client, record = logged_in(office), reverse("admin:crm_lead_record", args=[lead.pk])
    address = claim_address(client, lead)
    assert client.post(reverse("admin:crm_lead_claim", args=[lead.pk])).status_code == 302
    answer = client.post(address, follow=True)
    assert (answer.redirect_chain[-1][0], "现在不能再" in answer.text) == (record, True)
    assert client.post(reverse("admin:crm_lead_claim", args=[lead.pk])).status_code == 403
