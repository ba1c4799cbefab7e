"""What somebody who leaves has in hand passes on with the post, or is found by the office."""

from datetime import timedelta
from threading import Thread

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from crm.models import Lead
from tests import factories
from tests.forms import fields
from zone.calendar import today
from zone.models import Appointment, AuditEntry, in_hand
from zone.models.in_hand import DROP, KEEP

pytestmark = pytest.mark.django_db
YESTERDAY = today() - timedelta(days=1)
WHY = "调离本岗"


@pytest.fixture
def post(specialist) -> Appointment:
    return specialist.appointments.get()


def leads(chain, owner, number: int = 3) -> list[Lead]:
    enterprise = factories.make_enterprise()
    return [
        factories.make_lead(chain=chain, owner=owner, enterprise=enterprise) for _ in range(number)
    ]


def keys(post) -> dict:
    return {share.hand.field: share.key for share in post.left()}


def test_a_post_with_something_in_hand_does_not_end_without_handing_over(office, post, chain):
    leads(chain, post.user)
    with pytest.raises(ValidationError) as refusal:
        post.end(by=office, on=YESTERDAY, reason=WHY)
    assert "共 3 项" in str(refusal.value)
    post.refresh_from_db()
    assert post.ends_on is None


def test_all_passes_on_in_one_act_with_history_and_trail(
    office, post, chain, other_specialist, specialist
):
    own, closed = leads(chain, specialist), factories.make_lead(chain=chain, owner=specialist)
    closed.close(by=office, to="LOST", reason="停建")
    project = factories.make_project(chain=chain, handler=specialist)
    factories.make_credit(project=project, specialist=specialist)
    to = {keys(post)["owner"]: DROP, keys(post)["handler"]: other_specialist}
    post.end(by=office, on=YESTERDAY, reason=WHY, to=to)
    project.refresh_from_db()
    closed.refresh_from_db()
    assert {Lead.objects.get(pk=lead.pk).owner for lead in own} == {None}
    assert (project.handler, closed.owner) == (other_specialist, specialist)
    assert project.credits.get().specialist == specialist
    assert {lead.owner_changes.get().reason for lead in own} == {WHY}
    line = AuditEntry.objects.of(project).first()
    assert (line.by, line.why) == (office, WHY)
    assert line.changes == {"handler": [str(specialist), str(other_specialist)]}
    assert post.left() == []


def test_leads_go_to_whoever_holds_the_same_post_for_the_chain(office, post, chain, specialist):
    (lead,) = leads(chain, specialist, 1)
    stranger = factories.make_specialist(factories.make_chain("electronics"))
    with pytest.raises(ValidationError):
        post.end(by=office, on=YESTERDAY, reason=WHY, to={keys(post)["owner"]: stranger})
    successor = factories.make_specialist(chain)
    post.end(by=office, on=YESTERDAY, reason=WHY, to={keys(post)["owner"]: successor})
    lead.refresh_from_db()
    assert lead.owner == successor


def test_who_holds_another_post_that_keeps_them_may_go_on(office, post, chain, specialist):
    leads(chain, specialist)
    to = {keys(post)["owner"]: KEEP}
    with pytest.raises(ValidationError):
        post.end(by=office, on=YESTERDAY, reason=WHY, to=to)
    factories.make_appointment(specialist, "CHAIN_LEADER", chain=chain)
    post.end(by=office, on=YESTERDAY, reason=WHY, to=to)
    assert Lead.objects.filter(owner=specialist).count() == 3
    assert not Lead.objects.departed().exists()


def test_a_post_that_ends_later_keeps_its_rows_until_then_and_the_office_finds_them_after(
    office, post, chain, specialist, monkeypatch
):
    leads(chain, specialist)
    post.end(by=office, on=today() + timedelta(days=1), reason=WHY)
    assert not Lead.objects.departed().exists()
    Appointment.objects.filter(pk=post.pk).update(ends_on=YESTERDAY)
    assert Lead.objects.departed().count() == 3


def test_an_account_closed_for_safetys_sake_waits_for_nobody_and_the_office_hands_over(
    as_user, office, chain, specialist
):
    """Whose leads these are is not the administrator's business, and delays no closing."""
    leads(chain, specialist)
    client = as_user(factories.make_user("system_admin"))
    address = reverse("admin:zone_user_change", args=[specialist.pk])
    answer = client.post(address, fields(client.get(address)) | {"is_active": ""}, follow=True)
    assert "请招商办移交：线索" in answer.text
    assert client.get(reverse("admin:zone_user_hand-over", args=[specialist.pk])).status_code == 403
    assert Lead.objects.departed().count() == 3
    assert "还有 3 条线索" in as_user(office).get(reverse("progress")).text
    listed = as_user(office).get(reverse("admin:zone_user_changelist"), {"in_hand": "left"})
    assert [row.pk for row in listed.context["cl"].result_list] == [specialist.pk]
    listed = as_user(office).get(reverse("admin:crm_lead_changelist"), {"whose": "departed"})
    assert len(listed.context["cl"].result_list) == 3
    address = reverse("admin:zone_user_hand-over", args=[specialist.pk])
    form = as_user(office).get(address).context["form"]
    key = next(name for name in form.fields if "." in name)
    assert as_user(office).post(address, {key: "", "reason": WHY}).status_code == 200
    assert as_user(office).post(address, {key: DROP, "reason": WHY}).status_code == 302
    assert Lead.objects.pool().count() == 3


def test_the_page_asks_for_each_chain_and_ends_the_post(
    as_user, office, post, chain, specialist, other_specialist
):
    leads(chain, specialist)
    address = reverse("admin:zone_appointment_end", args=[post.pk])
    client, key = as_user(office), keys(post)["owner"]
    answer = client.post(address, {"on": YESTERDAY, "reason": WHY})
    assert (answer.status_code, list(answer.context["form"].errors)) == (200, [key])
    data = {"on": YESTERDAY, "reason": WHY, key: other_specialist.pk}
    assert client.post(address, data).status_code == 302
    assert {lead.owner for lead in Lead.objects.all()} == {other_specialist}


def test_an_account_is_closed_after_handing_over(as_user, office, chain, specialist):
    (lead,) = leads(chain, specialist, 1)
    root = factories.make_user(is_superuser=True)
    before = type(specialist).objects.get(pk=specialist.pk)
    specialist.is_active = False
    with pytest.raises(ValidationError):
        specialist.clean_for(root, before)
    specialist.clean_for(factories.make_user("system_admin"), before)
    lead.release(by=office, reason=WHY)
    specialist.clean_for(root, before)


def test_the_page_asks_as_much_for_forty_leads_as_for_one(as_user, office, post, chain, specialist):
    def queries(number: int) -> int:
        leads(chain, specialist, number)
        client, address = as_user(office), reverse("admin:zone_appointment_end", args=[post.pk])
        with CaptureQueriesContext(connection) as found:
            assert client.get(address).status_code == 200
        return len(found)

    queries(1)  # what is kept for all pages
    assert queries(1) == queries(40)


@pytest.mark.slow
def test_three_hundred_leads_pass_on_in_few_statements_each(office, post, chain, specialist):
    leads(chain, specialist, 300)
    with CaptureQueriesContext(connection) as found:
        post.end(by=office, on=YESTERDAY, reason=WHY, to={keys(post)["owner"]: DROP})
    assert len(found) < 300 * 12 + 40  # four of them tell who had it
    assert Lead.objects.pool().count() == 300


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_a_lead_taken_at_the_same_moment_is_left_to_its_taker():
    chain, office = factories.make_chain(), factories.make_office()
    person, taker = factories.make_specialist(chain), factories.make_specialist(chain)
    rows, post = leads(chain, person, 20), person.appointments.get()
    key = keys(post)["owner"]

    def take():
        try:
            for lead in rows[:5]:
                lead.assign(by=office, to=taker, reason="当面移交")
        finally:
            connection.close()

    thread = Thread(target=take)
    thread.start()
    post.end(by=office, on=YESTERDAY, reason=WHY, to={key: DROP})
    thread.join()
    assert Lead.objects.filter(owner=person).count() == 0
    assert Lead.objects.filter(owner=taker).count() == 5


def test_every_declaration_names_fields_of_people_and_posts():
    for model, hand in in_hand.hands():
        assert model._meta.get_field(hand.field).related_model._meta.label == "zone.User"
        assert set(hand.roles) <= set(Appointment.Role.values)
        assert model._meta.get_field("chain")
