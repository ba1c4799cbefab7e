"""Every published operation, one by one: its scope, the rows beyond its reach, the masks."""

import pytest

from crm.models import Contact
from tests import factories
from tests.api.conftest import V1, problem
from tests.api.published import published
from tests.api.world import World
from zone.access.api_scopes import PII, all_scopes
from zone.api.examples import known_id
from zone.api.resources import RESOURCES

pytestmark = pytest.mark.django_db
PATHS = published().document["paths"]
OPERATIONS = sorted((path, method) for path in PATHS for method in PATHS[path])
SCOPED = [one for one in OPERATIONS if PATHS[one[0]][one[1]]["x-scope"]]
OF_ROWS = [one for one in OPERATIONS if "{id}" in one[0] and one[0].split("/")[3] in RESOURCES]
# Of a place, not of a chain: every client sees them.
OPEN = {"screening-criteria", "chains", "chain-segments", "parks", "buildings", "spaces"}
NUMBER = "13912340000"


def call(caller, path: str, method: str):
    name = path.split("/")[3]
    headers = {"Idempotency-Key": "k", "If-Match": "*"}
    reads = {} if method == "get" else {"content_type": "application/json"}
    send = getattr(caller.http, method)
    return send(path.replace("{id}", known_id(name)), headers=headers, **reads)


@pytest.mark.parametrize(("path", "method"), SCOPED)
def test_every_operation_asks_for_its_scope(api, path, method):
    scope = PATHS[path][method]["x-scope"]
    refused = call(api(*set(all_scopes()) - {scope}), path, method)
    assert (refused.status_code, problem(refused)["scope"]) == (403, scope)


@pytest.mark.slow
@pytest.mark.parametrize(("path", "method"), OPERATIONS)
def test_no_operation_opens_without_a_key(api, path, method):
    caller = api(*all_scopes())
    caller.http.defaults["HTTP_AUTHORIZATION"] = "Bearer crm_x_y"
    assert call(caller, path, method).status_code == 401


@pytest.mark.parametrize(("path", "method"), OF_ROWS)
def test_a_row_out_of_reach_does_not_exist_for_any_operation(api, path, method):
    World().build()
    name = path.split("/")[3]
    caller = api(*all_scopes(), chains=[factories.make_chain("electronics")])
    answer = call(caller, path, method)
    if name in OPEN:
        assert answer.status_code != 404
    else:
        assert (answer.status_code, problem(answer)["code"]) == (404, "not_found")


@pytest.mark.parametrize("name", sorted(set(RESOURCES) - OPEN))
def test_a_list_leaves_out_what_is_out_of_reach(api, name):
    World().build()
    caller = api(*all_scopes(), chains=[factories.make_chain("electronics")])
    assert caller.data(name)["data"] == []
    assert api(*all_scopes()).data(name)["data"] != []


@pytest.mark.slow
@pytest.mark.parametrize(("path", "method"), OPERATIONS)
def test_no_answer_holds_a_number_without_pii_read(api, path, method):
    World().build()
    Contact.objects.update(phone=NUMBER)
    answer = call(api(*set(all_scopes()) - {PII}), path, method)
    assert NUMBER.encode() not in answer.getvalue()


@pytest.mark.parametrize("path", ["contacts", "contacts/{id}"])
def test_with_pii_read_it_is_plain(api, path):
    World().build()
    Contact.objects.update(phone=NUMBER)
    assert NUMBER in call(api(*all_scopes()), f"{V1}{path}", "get").text
