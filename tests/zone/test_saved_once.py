"""Two taps on the button of one form save one row."""

from datetime import timedelta

import pytest
from django.core.management import call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from crm.models import FollowUp, Lead
from projects.models import CapitalArrival
from tests import factories
from tests.racing import at_once
from zone.models import SentForm
from zone.navigation import record_url

ARRIVALS = reverse("admin:projects_capitalarrival_add")
SAVED = "已经保存过"


@pytest.fixture
def project(chain):
    return factories.make_project(chain=chain)


def arrival(client, project) -> dict:
    """Return what a form for money that has arrived posts once it is filled in."""
    page = client.get(ARRIVALS)
    once = page.context["once"]
    return {
        "once": once,
        "project": str(project.pk),
        "arrived_on": "2025-06-30",
        "amount_wan": "1200",
        "origin": "CITY",
        "use": "FIXED_ASSETS",
    }


@pytest.mark.django_db
def test_the_second_post_of_a_form_saves_nothing(as_user, office, project):
    client = as_user(office)
    data = arrival(client, project)
    first = client.post(ARRIVALS, data)
    second = client.post(ARRIVALS, data | {"_continue": "1"})
    assert (first.status_code, second.status_code) == (302, 302)
    assert second["Location"] == first["Location"]
    assert CapitalArrival.objects.count() == 1
    assert SAVED in client.get(second["Location"]).text


@pytest.mark.django_db
def test_another_page_or_other_contents_are_another_row(as_user, office, project):
    client = as_user(office)
    data = arrival(client, project)
    client.post(ARRIVALS, data)
    client.post(ARRIVALS, data | {"amount_wan": "1300"})  # gone back, and something else typed
    client.post(ARRIVALS, arrival(client, project))
    assert CapitalArrival.objects.count() == 3


@pytest.mark.django_db
def test_a_form_with_a_fault_is_not_used_up(as_user, office, project):
    client = as_user(office)
    data = arrival(client, project)
    wrong = client.post(ARRIVALS, data | {"arrived_on": ""})
    assert wrong.status_code == 200
    assert wrong.context["once"] == data["once"]
    assert client.post(ARRIVALS, data | {"arrived_on": ""}).status_code == 200
    assert SentForm.objects.count() == 0
    assert client.post(ARRIVALS, data).status_code == 302


@pytest.mark.django_db
def test_a_follow_up_is_kept_once(as_user, specialist, chain):
    lead = factories.make_lead(owner=specialist, chain=chain)
    client = as_user(specialist)
    address = reverse("admin:crm_lead_follow_up", args=[lead.pk])
    data = {"kind": "CALL", "happened_on": str(timezone.localdate()), "summary": "电话沟通"}
    data["once"] = client.get(address).context["form"].once
    answers = [client.post(address, data) for _ in range(2)]
    assert [answer.url for answer in answers] == [record_url(type(lead), lead.pk)] * 2
    assert FollowUp.objects.filter(lead=lead).count() == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("carried", "kept"), [(True, 1), (False, 4)])
def test_of_four_taps_at_once_one_saves(office, project, carried, kept):
    """Without the token, the negative control, each of them saves."""
    client = Client()
    client.force_login(office)
    data = arrival(client, project)
    if not carried:
        del data["once"]
    cookies = client.cookies

    def tap(_n) -> int:
        own = Client()
        own.cookies = cookies
        return own.post(ARRIVALS, data).status_code

    assert at_once(4, tap) == [302] * 4
    assert CapitalArrival.objects.count() == kept


@pytest.mark.django_db
def test_what_was_sent_is_forgotten_after_a_day():
    SentForm.take("a" * 64)
    assert not SentForm.take("a" * 64)
    SentForm.objects.update(at=timezone.now() - timedelta(days=2))
    call_command("trim_feed", verbosity=0)
    assert SentForm.take("a" * 64)


@pytest.mark.django_db
def test_every_add_form_carries_a_token(as_user, office):
    page = as_user(office).get(reverse("admin:crm_lead_add"))
    assert f'name="once" value="{page.context["once"]}"' in page.text
    assert Lead.objects.count() == 0
