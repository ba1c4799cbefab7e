"""Errands go to those who hold the post: at the chooser, at the form and at the interface."""

from datetime import timedelta

import pytest
from django.urls import reverse

from tests import factories, forms
from tests.api.conftest import Api
from zone.calendar import today

pytestmark = pytest.mark.django_db
CHOICES = (
    "/admin/autocomplete/?app_label=projects&model_name=project&field_name=service_agent&term="
)


@pytest.fixture
def agent():
    return factories.make_user("service_agent", username="agent", display_name="代办甲")


@pytest.fixture
def project(chain, specialist):
    return factories.make_project(chain=chain, handler=specialist)


def save(client, project, person):
    address = reverse("admin:projects_project_change", args=[project.pk])
    data = forms.fields(client.get(address)) | {"service_agent": str(person.pk)}
    response = client.post(address, data)
    project.refresh_from_db()
    return response


def choices(client, project) -> set[str]:
    """Return the names of those who may be chosen in the form."""
    form = client.get(reverse("admin:projects_project_change", args=[project.pk]))
    return set(form.context["adminform"].form.fields["service_agent"].queryset)


def test_the_handler_is_offered_the_service_agents(
    as_user, project, specialist, other_specialist, agent
):
    assert choices(as_user(specialist), project) == {agent}


def test_the_office_looks_up_service_agents(as_user, office, other_specialist, agent):
    offered = as_user(office).get(CHOICES).json()["results"]
    assert [choice["id"] for choice in offered] == [str(agent.pk)]


def test_an_agent_is_taken_and_a_specialist_is_refused(
    as_user, project, specialist, other_specialist, agent
):
    client = as_user(specialist)
    assert save(client, project, agent).status_code == 302
    assert project.service_agent == agent
    refused = save(client, project, other_specialist)
    assert refused.status_code == 200
    assert "service_agent" in refused.context["adminform"].errors
    assert project.service_agent == agent


def test_an_agent_whose_post_has_ended_stays_where_named(as_user, project, specialist, agent):
    project.service_agent = agent
    project.save()
    agent.appointments.update(ends_on=today() - timedelta(days=1))
    client = as_user(specialist)
    assert save(client, project, agent).status_code == 302
    assert project.service_agent == agent


def test_the_interface_names_the_field(project, other_specialist, agent):
    api = Api(factories.make_client(scopes=["projects:read", "projects:write"]))
    path = f"projects/{project.pk}"
    taken = api.patch(path, {"service_agent": agent.username}, project.version)
    assert taken.status_code == 200
    given = {"service_agent": other_specialist.username}
    refused = api.patch(path, given, taken.json()["version"])
    assert refused.status_code == 422
    (error,) = refused.json()["errors"]
    assert (error["pointer"], error["code"]) == ("/service_agent", "no_post")
