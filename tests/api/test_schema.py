"""The published schema: complete, valid, up to date, and open to whom it concerns."""

import json
import re
from itertools import product

import pytest
from django.core.management import call_command

from tests import factories
from tests.api.conftest import V1, problem
from tests.api.published import published
from zone.access.api_scopes import all_scopes
from zone.api.resources import RESOURCES
from zone.api.shapes import write_shape
from zone.api.urls import urlpatterns

pytestmark = pytest.mark.django_db
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "QUERY", "LOCK")
PATHS = sorted(published().document["paths"])
SOME_ID = "00000000-0000-4000-8000-000000000000"


def operations() -> set[tuple[str, str]]:
    paths = published().document["paths"]
    return {(path, method.upper()) for path in paths for method in paths[path]}


def test_the_file_is_valid_up_to_date_and_was_written_without_a_warning():
    call_command("api_schema", check=True)


def test_every_address_and_method_is_published_and_nothing_else():
    found = set()
    for pattern in urlpatterns:
        view = pattern.callback
        if view.cls.schema is None:
            continue  # the page of the docs, and whatever is no address
        made = view.cls(**view.initkwargs)
        path = V1 + re.sub(r"<uuid:pk>", "{id}", str(pattern.pattern))
        found |= {(path, name) for name in made.allowed_methods if name != "HEAD"}
    assert found == operations()


@pytest.mark.slow
def test_a_method_that_is_not_published_is_refused_with_those_that_are(api, settings):
    settings.API_REQUESTS_A_MINUTE = 1_000_000
    caller = api(*all_scopes())
    for path, method in product(PATHS, METHODS):
        if (path, method) in operations():
            continue
        refused = caller.http.generic(method, path.replace("{id}", SOME_ID))
        assert (refused.status_code, problem(refused)["code"]) == (405, "method_not_allowed"), path
        allowed = {name for known, name in operations() if known == path}
        assert set(refused["Allow"].split(", ")) - {"HEAD"} == allowed, path


@pytest.mark.slow
def test_an_address_that_is_none_is_not_found_whatever_the_method(api):
    caller = api()
    paths = ("", "nowhere", "leads/", "leads/7", "leads/%00", "%F0%28", "leads/%0A")
    for path, method in product(paths, METHODS):
        refused = caller.http.generic(method, V1 + path)
        assert (refused.status_code, problem(refused)["code"]) == (404, "not_found"), path


def test_head_answers_as_get_without_the_body(api):
    lead = factories.make_lead()
    caller = api("leads:read")
    for path in ("leads", f"leads/{lead.pk}", "me"):
        answer = caller.http.head(V1 + path)
        assert (answer.status_code, answer.content) == (200, b"")


def test_names_of_operations_are_unique_and_say_the_scope():
    paths = published().document["paths"]
    found = [one for methods in paths.values() for one in methods.values()]
    names = [one["operationId"] for one in found]
    assert len(names) == len(set(names))
    assert {one["x-scope"] for one in found} - {""} <= set(all_scopes())
    assert paths["/api/v1/leads"]["get"]["operationId"] == "leads_list"


@pytest.mark.parametrize("name", sorted(RESOURCES))
def test_what_a_new_row_needs_is_what_the_schema_says(api, name):
    resource = RESOURCES[name]
    needed = set(write_shape(resource)["required"])
    if not needed or f"{name}:write" not in all_scopes():
        return
    refused = api(*all_scopes()).post(name, {})
    missing = {found["pointer"].strip("/") for found in problem(refused)["errors"]}
    assert missing - {""} == needed


def test_people_who_are_logged_in_read_it_in_their_language(as_user, office, client):
    assert client.get(V1 + "docs/")["Location"].startswith("/admin/login/")
    assert problem(client.get(V1 + "schema/"))["code"] == "not_authenticated"
    page = as_user(office).get(V1 + "docs/")
    assert (page.status_code, f'data-schema="{V1}schema/"' in page.text) == (200, True)
    found = as_user(office).get(V1 + "schema/")
    assert found["Content-Type"] == "application/json"
    shown = found.json()["components"]["schemas"]["Lead"]
    assert shown["properties"]["stage"]["x-labels"]["NEW"] == "新线索"


def test_whoever_holds_no_post_is_led_to_the_login(as_user):
    nobody = as_user(factories.make_user())
    assert nobody.get(V1 + "docs/").status_code == 302
    assert nobody.get(V1 + "schema/").status_code == 401


def test_a_key_reads_it_too_and_its_fixed_english_is_the_file(api):
    caller = api()
    found = caller.http.get(V1 + "schema/", headers={"Accept-Language": "en"}).json()
    assert found == published().document
    assert "swagger-ui" in caller.http.get(V1 + "docs/").text
    assert caller.http.post(V1 + "docs/", {}, content_type="application/json").status_code == 405


def test_nothing_in_it_names_a_number_or_a_secret():
    text = json.dumps(published().document)
    assert not re.search(r"1[3-9]\d{9}", text.replace("13800005678", ""))


def test_examples_fit_the_shapes_beside_them():
    found = [
        (published().shape_faults(content["schema"], example["value"]), method, path)
        for path, method in product(PATHS, ("get", "post", "patch", "delete"))
        for content in contents(published().document["paths"][path].get(method, {}))
        for example in content.get("examples", {}).values()
    ]
    assert [fault for fault in found if fault[0]] == []
    assert len(found) > 100


def contents(operation: dict):
    yield from operation.get("requestBody", {}).get("content", {}).values()
    for answer in operation.get("responses", {}).values():
        yield from published().resolved(answer).get("content", {}).values()
