"""What an inline refuses to add to its parent, the form of its own and the interface refuse too."""

from __future__ import annotations

from collections import defaultdict

import pytest
from django.contrib import admin
from django.forms.models import _get_foreign_key
from django.test import RequestFactory
from django.urls import reverse

from crm.models import FollowUp, Lead
from crm.models.trips import Trip
from projects.models import Agreement, CapitalArrival, Project
from tests import factories
from tests.forms import fields
from zone.access.roles import ROLES
from zone.admin.base import HistoryInline
from zone.models.base import Row, parents

pytestmark = pytest.mark.django_db


def pairs() -> list[tuple]:
    """Return (parent admin, inline class) of every registered admin class."""
    found = set()
    user = factories.make_user(is_superuser=True)
    for model, model_admin in admin.site._registry.items():
        request = asked_by(user)
        for obj in (None, model()):
            found |= {(model_admin, inline) for inline in model_admin.get_inlines(request, obj)}
    written = [pair for pair in found if not issubclass(pair[1], HistoryInline)]
    return sorted(written, key=lambda pair: (str(pair[0]), pair[1].__name__))


def fk_of(model_admin, inline) -> str:
    return _get_foreign_key(model_admin.model, inline.model, inline.fk_name).name


def rows_for(user, chain) -> dict[type, list]:
    """Return parents of each kind within reach of ``user``, in every state of theirs."""
    park = factories.make_park()
    peer = factories.make_specialist(chain)
    rows = defaultdict(list)
    for owner in (user, peer, None):
        for stage in ("NEW", "LOST", "INVALID", "SIGNED"):
            lead = factories.make_lead(chain=chain, owner=owner, stage=stage)
            rows[Lead].append(lead)
    for status in Project.Status:
        project = factories.make_project(
            chain=chain, park=park, handler=user, service_agent=user, status=status
        )
        waiting, counted = (factories.make_agreement(project=project) for _ in range(2))
        Agreement.objects.filter(pk=counted.pk).update(recognised_on="2025-03-02")
        rows[Project].append(project)
        rows[Agreement] += [waiting, Agreement.objects.get(pk=counted.pk)]
    others = [factories.make_enterprise(chain=chain, entered_by=user), park, chain, peer]
    others += [factories.make_client(), factories.make_endpoint()]
    others += [factories.make_screening(lead=rows[Lead][0]), factories.make(Trip)]
    for row in others:
        rows[type(row)].append(row)
    return rows


def asked_by(user):
    request = RequestFactory().get("/")
    request.user = user
    return request


def asked(inline, model_admin, user, parent) -> bool:
    request = asked_by(user)
    return inline(model_admin.model, admin.site).has_add_permission(request, parent)


def opened(model_admin, user, rows: list) -> list:
    """Return those whose own page ``user`` opens: an inline is asked about no others."""
    if not model_admin.has_view_permission(asked_by(user)):
        return []
    seen = model_admin.get_queryset(asked_by(user)).values_list("pk", flat=True)
    return [row for row in rows if row.pk in set(seen)]


def takes(page, name: str) -> bool:
    """Whether a form offers the field ``name`` and finds nothing wrong with what it holds."""
    form = page.context["adminform"].form if page.status_code == 200 else None
    return form is not None and name in form.fields and name not in form.errors


@pytest.mark.parametrize(
    "role",
    [
        pytest.param(role, marks=() if role in ("chain_leader", "specialist") else pytest.mark.slow)
        for role in ROLES
    ],
)
def test_what_an_inline_refuses_the_form_refuses_too(client, chain, role):
    user = factories.make_user(
        role, chain=chain if role in ("chain_leader", "specialist") else None
    )
    client.force_login(user)
    rows, apart = rows_for(user, chain), []
    for model_admin, inline in pairs():
        own = admin.site._registry.get(inline.model)
        reached = opened(model_admin, user, rows[model_admin.model])
        answers = {parent: asked(inline, model_admin, user, parent) for parent in reached}
        adds = own is not None and own.has_add_permission(asked_by(user))
        if not (adds and any(answers.values())):
            continue  # rows without a form of their own, or entered in nothing but that form
        name = fk_of(model_admin, inline)
        address = reverse(f"admin:{own.opts.app_label}_{own.opts.model_name}_add")
        for parent, may in answers.items():
            if takes(client.post(address, {name: str(parent.pk)}), name) != may:
                apart.append((inline.__name__, parent, may))
    assert apart == []


def test_the_walk_meets_every_parent_and_both_answers(chain):
    """The negative control: there is something to compare, and each parent has been made."""
    user = factories.make_specialist(chain)
    rows, met = rows_for(user, chain), set()
    for model_admin, inline in pairs():
        assert rows[model_admin.model], model_admin
        if inline.model in admin.site._registry:
            met |= {
                (inline.model, asked(inline, model_admin, user, parent))
                for parent in rows[model_admin.model]
            }
    assert {answer for _model, answer in met} == {True, False}


def test_the_rule_knows_the_parent_of_every_inline():
    for model_admin, inline in pairs():
        names = {field.name for field in parents(inline.model)}
        assert fk_of(model_admin, inline) in names, inline


def test_every_form_belongs_to_a_row_that_answers_for_whom():
    for model, model_admin in admin.site._registry.items():
        written = {"add", "change"} & set(model._meta.default_permissions)
        assert issubclass(model, Row) or not written or not _has_form(model_admin), model


def _has_form(model_admin) -> bool:
    request = asked_by(factories.make_user(is_superuser=True))
    return model_admin.has_add_permission(request) or model_admin.has_change_permission(request)


# By name


def follow_up(**of) -> dict:
    said = {"kind": "CALL", "happened_on": "2025-03-01", "summary": "电话", "next_step": ""}
    return said | {"next_on": ""} | {name: str(row.pk) for name, row in of.items()}


def post(client, model, data):
    return client.post(reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_add"), data)


def codes(page) -> dict:
    errors = page.context["adminform"].form.errors.as_data()
    return {name: [error.code for error in found] for name, found in errors.items()}


def test_a_lead_of_the_pool_takes_no_follow_up_by_any_form(as_user, specialist, chain):
    lead = factories.make_lead(chain=chain)
    page = post(as_user(specialist), FollowUp, follow_up(lead=lead))
    assert codes(page) == {"lead": ["closed"]}
    assert str(Lead.CLOSED) in page.text
    lead.claim(by=specialist)
    assert post(as_user(specialist), FollowUp, follow_up(lead=lead)).status_code == 302


def test_a_closed_lead_says_once_that_it_is_closed(as_user, specialist, chain):
    lead = factories.make_lead(chain=chain, owner=specialist, stage="LOST")
    page = post(as_user(specialist), FollowUp, follow_up(lead=lead))
    assert [len(found) for found in codes(page).values()] == [1]


@pytest.fixture
def ended(monkeypatch, chain) -> Project:
    """A project that takes nothing more, as if to end closed it like a lead or an agreement."""

    def can_change(project, user):
        return project.status != Project.Status.TERMINATED

    monkeypatch.setattr(Project, "can_change", can_change, raising=False)
    return factories.make_project(chain=chain, status="TERMINATED")


def agreement(project) -> dict:
    data = {"project": str(project.pk), "kind": "FORMAL", "signed_on": "2025-03-01"}
    files = {"attachments-TOTAL_FORMS": "0", "attachments-INITIAL_FORMS": "0"}
    return data | {"amount_wan": "1000"} | files


def test_a_parent_that_closes_takes_nothing_by_any_form(as_user, office, ended):
    client = as_user(office)
    arrival = {"project": str(ended.pk), "arrived_on": "2025-03-01", "amount_wan": "1"}
    arrival |= {"origin": "CITY", "use": "FIXED_ASSETS"}
    for model, data in (
        (Agreement, agreement(ended)),
        (CapitalArrival, arrival),
        (FollowUp, follow_up(project=ended)),
    ):
        assert codes(post(client, model, data)) == {"project": ["closed"]}
        assert not model.objects.exists()


def test_a_row_is_moved_neither_to_a_closed_parent_nor_away_from_it(as_user, office, ended):
    client, going_on = as_user(office), factories.make_project(chain=ended.chain)
    row = factories.make_arrival(project=going_on)
    address = reverse("admin:projects_capitalarrival_change", args=[row.pk])
    data = fields(client.get(address))
    assert codes(client.post(address, data | {"project": str(ended.pk)})) == {"project": ["closed"]}
    assert client.post(address, data | {"note": "更正"}).status_code == 302
    # What is closed closes its parts: they are shown and take nothing.
    CapitalArrival.objects.update(project=ended)
    assert client.get(address).status_code == 200
    for change in ({"project": str(going_on.pk)}, {"note": "再更正"}):
        assert client.post(address, data | change).status_code == 302  # told, and not saved
    row.refresh_from_db()
    assert (row.project, row.note) == (ended, "更正")
