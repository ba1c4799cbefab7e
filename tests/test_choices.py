"""Whoever may fill in a form may choose in its boxes, and send it back as it came."""

import re
from itertools import product

import pytest
from django.apps import apps
from django.contrib import admin
from django.urls import reverse

from tests import factories
from tests.forms import fields
from zone.access.roles import ROLES

pytestmark = pytest.mark.django_db
BOX = re.compile(r"<select[^>]*data-ajax--url[^>]*>")


@pytest.fixture
def world(chain):
    """Return a function that makes a person of a role with rows of all kinds in hand."""

    def make(role):
        park = factories.make_park()
        led = chain if role in ("chain_leader", "specialist") else None
        run = park if role == "park_operator" else None
        user = factories.make_user(role, chain=led, park=run)
        enterprise = factories.make_enterprise(chain=chain, entered_by=user)
        contact = factories.make_contact(enterprise=enterprise, entered_by=user)
        lead = factories.make_lead(enterprise=enterprise, chain=chain, owner=user, contact=contact)
        project = factories.make_project(
            enterprise=enterprise,
            chain=chain,
            park=park,
            handler=user,
            service_agent=user,
            lead=lead,
        )
        space = factories.make_space(park=park)
        return user, [
            enterprise,
            contact,
            lead,
            project,
            space,
            factories.make_agreement(project=project),
            factories.make_occupancy(space=space, enterprise=enterprise, project=project),
        ]

    return make


def forms_of(client, user, rows) -> list[tuple[str, object]]:
    """Return the address and the page of each form that opens for writing."""
    found = []
    for model in admin.site._registry:
        name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        addresses = [reverse(f"{name}_add")]
        addresses += [
            reverse(f"{name}_change", args=[row.pk]) for row in rows if type(row) is model
        ]
        pages = [(address, client.get(address)) for address in addresses]
        found += [(address, page) for address, page in pages if 'name="_save"' in page.text]
    return found


@pytest.mark.slow
@pytest.mark.parametrize("role", ROLES)
def test_every_box_of_every_form_answers(as_user, world, role):
    user, rows = world(role)
    client = as_user(user)
    for address, page in forms_of(client, user, rows):
        for box in BOX.findall(page.text):
            data = dict(re.findall(r'data-(app-label|model-name|field-name)="([^"]+)"', box))
            query = {key.replace("-", "_"): value for key, value in data.items()}
            answer = client.get(reverse("admin:autocomplete"), query)
            assert (address, data, answer.status_code) == (address, data, 200)


@pytest.mark.slow
@pytest.mark.parametrize("role", ROLES)
def test_a_form_sent_back_as_it_came_is_accepted(as_user, world, role):
    user, rows = world(role)
    client = as_user(user)
    for address, page in forms_of(client, user, rows):
        if address.endswith("/change/"):
            assert (address, client.post(address, fields(page)).status_code) == (address, 302)


WRONG = ("", "id", "pk", "__class__", "enterprise__chain", "\0", "x" * 5_000, "名称")
TERMS = ("", "储能", "\0", "'", '"', "%", "\\", "1" * 5_000, "( ) [ * +", "\ud7ff")


@pytest.mark.slow
@pytest.mark.parametrize("role", ["superuser", "specialist"])
def test_no_field_name_makes_the_look_up_fail(as_user, world, role):
    """Reverse sides, other models' fields and words that name none are refused, not a fault."""
    someone = world(role)[0] if role in ROLES else factories.make_user(is_superuser=True)
    client = as_user(someone)
    for model in apps.get_models():
        relations = (f.name for f in model._meta.get_fields(include_hidden=True) if f.is_relation)
        for name in {*relations, *WRONG}:
            query = {"app_label": model._meta.app_label, "model_name": model._meta.model_name}
            answer = client.get(reverse("admin:autocomplete"), query | {"field_name": name})
            assert answer.status_code in (200, 403, 404), (model, name)


def test_no_term_makes_the_look_up_fail(as_user, office):
    client = as_user(office)
    query = {"app_label": "crm", "model_name": "lead", "field_name": "enterprise"}
    for term, page in product(TERMS, ("", "0", "-1", "x", "9" * 30, "last")):
        answer = client.get(reverse("admin:autocomplete"), query | {"term": term, "page": page})
        assert answer.status_code in (200, 404), (term, page)
