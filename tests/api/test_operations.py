"""Every published operation, one by one: its scope, the rows beyond its reach, the masks."""

from contextlib import contextmanager

import pytest
from django.db import transaction

from crm.models import Contact
from tests import factories
from tests.api.conftest import V1, problem
from tests.api.published import published
from zone.access.api_scopes import PII, all_scopes
from zone.api.examples import known_id
from zone.api.resources import RESOURCES

pytestmark = pytest.mark.django_db
PATHS = published().document["paths"]
OPERATIONS = sorted((path, method) for path in PATHS for method in PATHS[path])
SCOPED = [one for one in OPERATIONS if PATHS[one[0]][one[1]]["x-scope"]]
OF_ROWS = [one for one in OPERATIONS if "{id}" in one[0] and one[0].split("/")[3] in RESOURCES]
# Of a place, not of a chain: every client sees them.
OPEN = {
    "screening-criteria",
    "tag-kinds",
    "chains",
    "chain-segments",
    "parks",
    "buildings",
    "spaces",
}
NUMBER = "13912340000"


def call(caller, path: str, method: str):
    name = path.split("/")[3]
    headers = {"Idempotency-Key": "k", "If-Match": "*"}
    reads = {} if method == "get" else {"content_type": "application/json"}
    send = getattr(caller.http, method)
    return send(path.replace("{id}", known_id(name)), headers=headers, **reads)


@contextmanager
def undone():
    """Roll back what an operation does, for the next to find the rows as they were."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


@pytest.fixture
def unlimited(settings):
    settings.API_REQUESTS_A_MINUTE = 1_000_000


def test_every_operation_asks_for_its_scope(api, unlimited):
    callers = {scope: api(*set(all_scopes()) - {scope}) for scope in all_scopes()}
    for path, method in SCOPED:
        scope = PATHS[path][method]["x-scope"]
        refused = call(callers[scope], path, method)
        assert (refused.status_code, problem(refused)["scope"]) == (403, scope), (path, method)


def test_no_operation_opens_without_a_key(api, unlimited):
    caller = api(*all_scopes())
    caller.http.defaults["HTTP_AUTHORIZATION"] = "Bearer crm_x_y"
    assert {call(caller, *operation).status_code for operation in OPERATIONS} == {401}


def test_a_row_out_of_reach_does_not_exist_for_any_operation(world, api, unlimited):
    caller = api(*all_scopes(), chains=[factories.make_chain("electronics")])
    for path, method in OF_ROWS:
        with undone():
            answer = call(caller, path, method)
        if path.split("/")[3] in OPEN:
            assert answer.status_code != 404, path
        else:
            assert (answer.status_code, problem(answer)["code"]) == (404, "not_found"), path


def test_a_list_leaves_out_what_is_out_of_reach(world, api):
    caller = api(*all_scopes(), chains=[factories.make_chain("electronics")])
    everything = api(*all_scopes())
    for name in sorted(set(RESOURCES) - OPEN):
        assert caller.data(name)["data"] == [], name
        assert everything.data(name)["data"] != [], name


@pytest.mark.slow
def test_no_answer_holds_a_number_without_pii_read(world, api, unlimited):
    Contact.objects.update(phone=NUMBER)
    caller = api(*set(all_scopes()) - {PII})
    for operation in OPERATIONS:
        with undone():
            answer = call(caller, *operation)
        assert NUMBER.encode() not in answer.getvalue(), operation


@pytest.mark.parametrize("path", ["contacts", "contacts/{id}"])
def test_with_pii_read_it_is_plain(world, api, path):
    Contact.objects.update(phone=NUMBER)
    assert NUMBER in call(api(*all_scopes()), f"{V1}{path}", "get").text
