"""Every example of the published schema is sent, and answers as it says."""

from __future__ import annotations

from datetime import date

import pytest

from crm.models import Lead
from projects.models import Agreement, Project
from tests import factories
from tests.api.published import published
from tests.api.world import World
from zone.access.api_scopes import DELETE, WRITE, all_scopes
from zone.api.examples import known_id
from zone.api.urls import RESOURCES

pytestmark = pytest.mark.django_db
NAMES = sorted(RESOURCES)
WRITTEN = [name for name in NAMES if WRITE in RESOURCES[name].all_acts]
ACTIONS = [(name, action) for name in NAMES for action in RESOURCES[name].actions]
# What the system decides, and what others have done to the row in the example.
OWN = {"id", "version", "created_at", "updated_at", "code", "by", "registered_at"}
OWN |= {"protected_until", "retain_until", "handled_by"}


@pytest.fixture
def world(db):
    return World()


@pytest.fixture
def caller(api):
    return api(*(scope for scope in all_scopes() if scope != "pii:read"))


def operation(path: str, method: str) -> dict:
    return published().document["paths"][f"/api/v1/{path}"][method]


def example(part: dict):
    (content,) = part["content"].values()
    return content["examples"]["example"]["value"]


def sent(path: str, method: str):
    return example(operation(path, method)["requestBody"])


def shown(path: str, method: str, status: int):
    return example(operation(path, method)["responses"][str(status)])


def outline(value):
    """Return the shape of a value: names and kinds, whatever stands there."""
    if isinstance(value, dict):
        return {name: outline(below) for name, below in value.items()}
    return [outline(below) for below in value[:1]] if isinstance(value, list) else ""


def as_shown(found: dict, expected: dict, own=()) -> dict:
    """Return what stands otherwise in an answer than in its example."""
    assert outline(found) == outline(expected)
    ours = OWN | set(own) | {name for name in expected if name.endswith("_label")}
    return {
        name: found[name] for name in expected if name not in ours and found[name] != expected[name]
    }


@pytest.mark.parametrize("name", NAMES)
def test_a_list_and_a_row_read_as_shown(world, caller, name):
    world.build()
    page = caller.data(name)
    assert outline(page) == outline(shown(name, "get", 200))
    row = caller.data(f"{name}/{known_id(name)}")
    assert outline(row) == outline(shown(f"{name}/{{id}}", "get", 200))
    assert page["data"] == [row]


@pytest.mark.parametrize("name", WRITTEN)
def test_a_row_is_made_as_shown(world, caller, name):
    world.build(before=name)
    made = caller.post(name, sent(name, "post"))
    assert made.status_code == 201, made.text
    later = {"stage", "status", "recognised_on", "recognised_by", "proposed_by", "subject"}
    assert as_shown(made.json(), shown(name, "post", 201), later) == {}


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in WRITTEN if RESOURCES[name].writable])
def test_a_row_is_changed_as_shown(world, caller, name):
    world.build()
    body = sent(f"{name}/{{id}}", "patch")
    row = caller.data(f"{name}/{known_id(name)}")
    changed = caller.patch(f"{name}/{known_id(name)}", body, row["version"])
    assert changed.status_code == 200, changed.text
    assert {key: changed.json()[key] for key in body} == body
    assert outline(changed.json()) == outline(shown(f"{name}/{{id}}", "patch", 200))


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in NAMES if DELETE in RESOURCES[name].all_acts])
def test_a_row_is_deleted_as_shown(world, caller, name):
    world.build(before=name)
    row = caller.post(name, sent(name, "post")).json()
    assert caller.delete(f"{name}/{row['id']}", row["version"]).status_code == 204


def ready(name: str, action: str):
    """Bring the row of the example to where the action can be done."""
    if (name, action) == ("leads", "claim"):
        Lead.objects.update(owner=None, protected_until=None)
    if (name, action) == ("leads", "reopen"):
        Lead.objects.update(stage="LOST", lost_reason="OTHER")
    if (name, action) == ("leads", "advance"):
        factories.make_screening(lead=Lead.objects.get())
    if (name, action) == ("leads", "convert"):
        Lead.objects.update(stage="SCREENED")
        Project.objects.update(lead=None)
    if (name, action) == ("agreements", "recognise"):
        factories.make_office(username="office")
    if (name, action) == ("projects", "advance"):
        office = factories.make_office()
        Agreement.objects.update(recognised_on=date(2025, 3, 20), recognised_by=office)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "action"), ACTIONS)
def test_an_action_is_done_as_shown(world, caller, name, action):
    world.build()
    ready(name, action)
    path = f"{name}/{{id}}/{action}"
    done = caller.post(path.replace("{id}", known_id(name)), sent(path, "post"))
    status = 201 if RESOURCES[name].actions[action].result else 200
    assert done.status_code == status, done.text
    assert outline(done.json()) == outline(shown(path, "post", status))


def test_me_reads_as_shown(api, chain):
    assert outline(api("leads:read", chains=[chain]).data("me")) == outline(shown("me", "get", 200))


@pytest.mark.django_db(transaction=True)
def test_the_feed_reads_as_shown(api):
    caller = api(*all_scopes())
    cursor = caller.data("changes", **{"from": "now"})["next_cursor"]
    World().build(before="enterprises").the_spaces.delete()
    page = caller.data("changes", cursor=cursor, entity="buildings,spaces")
    expected = shown("changes", "get", 200)
    came, gone = expected["data"]
    assert [outline(item) for item in page["data"]] == [outline(came), outline(gone)]
    assert outline(page) == outline(expected)
