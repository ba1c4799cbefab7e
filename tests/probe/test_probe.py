"""Every model × every route × every role: no marker of a row out of reach, no write to it."""

import json

import pytest
from django.contrib import admin
from django.db import models, transaction
from django.urls import reverse

from tests.forms import fields
from tests.probe.routes import addresses_of, plain_addresses
from tests.probe.world import MARKER, World, make_world
from zone.access.roles import ROLES

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

KNOCKERS = [*ROLES, "nobody", "ended"]
# Whose rows the search of everything finds.
SEARCHED = {
    model
    for model, model_admin in admin.site._registry.items()
    if getattr(model_admin, "in_search", None) is not None
}


@pytest.fixture(scope="module")
def told(django_db_setup, django_db_blocker):
    """Make the world once; each test then runs in a savepoint of its own."""
    with django_db_blocker.unblock(), transaction.atomic():
        yield make_world()
        transaction.set_rollback(True)


@pytest.fixture
def world(told, db) -> World:
    return told


def by_marker(rows: dict) -> dict:
    """Return ``{marker: row}`` of ``{row: texts}``."""
    return {MARKER.search(text)[0]: row for row, texts in rows.items() for text in texts}


class Prober:
    """One person at every door, remembering what must not come through."""

    def __init__(self, client, world: World, role: str):
        self.client, self.user, self.role = client, world.people[role], role
        client.force_login(self.user)
        self.hidden = world.hidden_from(self.user)
        self.secrets = by_marker(self.hidden)
        self.leaks: list[tuple] = []
        self.failures: list[tuple] = []
        self.asked = 0
        self.before = self.state()

    def state(self) -> dict:
        """Return the hidden rows as they stand in the database."""
        keys: dict = {}
        for row in self.hidden:
            keys.setdefault(type(row), []).append(row.pk)
        return {
            (model, found["pk"]): found
            for model, pks in keys.items()
            for found in model._base_manager.filter(pk__in=pks).values(
                "pk", *(field.attname for field in model._meta.concrete_fields)
            )
        }

    def get(self, address: str, **query):
        return self._look(address, self.client.get(address, query))

    def post(self, address: str, data: dict):
        return self._look(f"POST {address}", self.client.post(address, data))

    def _look(self, address: str, response):
        self.asked += 1
        body = b"".join(response) if response.streaming else response.content
        text = body.decode(errors="replace") + str(response.headers)
        self.leaks += [
            (address, type(self.secrets[marker]).__name__, marker)
            for marker in sorted({*MARKER.findall(text)} & {*self.secrets})
        ]
        if response.status_code >= 500:
            self.failures.append((address, response.status_code))
        return response


@pytest.fixture
def prober(client, world, request) -> Prober:
    return Prober(client, world, request.param)


def each_role(test):
    return pytest.mark.parametrize("prober", KNOCKERS, indirect=True)(test)


def each_of_partial_sight(test):
    """By those from whom the most is hidden; who sees every row walks the pages alone."""
    seeing = {"leadership", "office", "statistician"}
    knockers = [name for name in KNOCKERS if name not in seeing]
    return pytest.mark.parametrize("prober", knockers, indirect=True)(test)


def sound(prober: Prober) -> tuple:
    return prober.leaks, prober.failures, prober.state() == prober.before


@each_role
def test_no_page_shows_a_row_out_of_reach(prober):
    for address in plain_addresses():
        prober.get(address)
        if is_list(address):
            prober.get(address, _facets="True", _popup="1")
    assert sound(prober) == ([], [], True)
    assert prober.asked > 50


@each_role
def test_no_search_finds_a_row_out_of_reach(prober):
    lists = [a for a in plain_addresses() if is_list(a) or "search" in a]
    lists = [a for a in lists if prober.get(a).status_code == 200]
    for row in one_of_each_model(prober.hidden, prober.role):
        places = [row._meta.model_name] + ["search"] * (type(row) in SEARCHED)
        for marker in sorted(by_marker({row: prober.hidden[row]})):
            for address in (a for a in lists if any(place in a for place in places)):
                prober.get(address, q=marker[:-2], s=marker[:-2])
    assert sound(prober) == ([], [], True)


@each_of_partial_sight
def test_no_address_of_a_row_out_of_reach_opens_or_writes(prober):
    for row in one_of_each_model(prober.hidden, prober.role):
        for address in addresses_of(row):
            response = prober.get(address)
            assert response.status_code != 200 or no_row(response), address
            prober.post(address, {"post": "yes", "on": "2025-03-01", "reason": "x", "to": "LOST"})
    assert sound(prober) == ([], [], True)


@pytest.mark.parametrize("prober", ["specialist", "park_operator"], indirect=True)
def test_no_lookup_guesses_a_value_out_of_reach(prober):
    """A comparison by prefix would read a hidden value letter by letter."""
    for model in admin.site._registry:
        address = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
        if prober.get(address).status_code != 200:
            continue
        for number, path in enumerate(text_paths(model)):
            for comparison in ("startswith", "contains", "regex", "gt")[: 4 if not number else 1]:
                response = prober.get(address, **{f"{path}__{comparison}": "1"})
                assert response.status_code in (302, 400, 403), (address, path, comparison)


@each_role
def test_no_choice_offers_a_row_out_of_reach(prober):
    for model, model_admin in admin.site._registry.items():
        for key in (f for f in model._meta.fields if f.is_relation):
            if key.name in model_admin.autocomplete_fields:
                source = {
                    "app_label": model._meta.app_label,
                    "model_name": model._meta.model_name,
                    "field_name": key.name,
                }
                response = prober.get(reverse("admin:autocomplete"), term="", **source)
                if response.status_code == 200:
                    offered = {row["id"] for row in json.loads(response.content)["results"]}
                    assert not offered & {str(row.pk) for row in prober.hidden}
    assert sound(prober) == ([], [], True)


@each_of_partial_sight
def test_the_pages_of_a_row_in_reach_show_none_out_of_it(prober, world):
    for row in one_of_each_model(in_reach(prober, world), prober.role):
        for address in addresses_of(row):
            prober.get(address)
    assert sound(prober) == ([], [], True)


@each_of_partial_sight
def test_no_form_accepts_a_key_out_of_reach(prober, world):
    """Every relation of every form that the person may fill in, pointed at a hidden row."""
    for row in one_of_each_model(in_reach(prober, world), prober.role):
        name = f"admin:{row._meta.app_label}_{row._meta.model_name}"
        if type(row) not in admin.site._registry:
            continue
        for address in (reverse(f"{name}_change", args=[row.pk]), reverse(f"{name}_add")):
            response = prober.get(address)
            if response.status_code == 200 and "adminform" in response.context:
                post_hidden_keys(prober, row, address, fields(response))
    assert sound(prober) == ([], [], True)


def post_hidden_keys(prober: Prober, row, address: str, data: dict):
    for key in (f for f in row._meta.fields if f.is_relation):
        for other in (o for o in prober.hidden if isinstance(o, key.related_model)):
            pointing = type(row)._base_manager.filter(**{key.name: other}).values_list("pk")
            before = set(pointing.all())  # some of the world's do
            prober.post(address, data | {key.name: str(other.pk)})
            assert set(pointing.all()) == before, (address, key.name)
            break


@each_role
def test_no_action_on_a_list_reaches_a_row_out_of_reach(prober):
    for row in one_of_each_model(prober.hidden, prober.role):
        if type(row) in admin.site._registry:
            name = f"admin:{row._meta.app_label}_{row._meta.model_name}_changelist"
            chosen = {"action": "delete_selected", "_selected_action": str(row.pk)}
            prober.post(reverse(name), chosen | {"post": "yes"})
            prober.post(reverse(name), chosen | {"post": "yes", "select_across": "1"})
    assert sound(prober) == ([], [], True)


@pytest.mark.parametrize("prober", ["office"], indirect=True)
def test_the_probe_sees_what_is_in_reach(prober, world):
    """The negative control: to the office, which sees all, the markers do appear."""
    prober.secrets = by_marker(world.markers)
    for address in plain_addresses():
        prober.get(address)
    assert len(prober.leaks) > 20


def is_list(address: str) -> bool:
    return address.startswith("/admin/") and address.count("/") == 4


def one_of_each_model(rows, role: str) -> list[models.Model]:
    """Return a row of each model, another one for each role."""
    by_model: dict = {}
    for row in rows:
        by_model.setdefault(type(row), []).append(row)
    place = KNOCKERS.index(role)
    return [found[place % len(found)] for found in by_model.values()]


def in_reach(prober: Prober, world: World) -> list[models.Model]:
    return [row for row in world.markers if row not in prober.hidden]


def no_row(response) -> bool:
    """Whether a page that opened is one without any row, such as a login or a list."""
    context = response.context or {}
    return "original" not in context or context["original"] is None


def text_paths(model) -> list[str]:
    texts = (models.CharField, models.TextField)
    own = [f.name for f in model._meta.fields if isinstance(f, texts) and not f.choices]
    through = [
        f"{key.name}__{f.name}"
        for key in model._meta.fields
        if key.is_relation
        for f in key.related_model._meta.fields
        if isinstance(f, texts) and not f.choices
    ]
    return own + through
