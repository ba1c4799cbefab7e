"""Recognising over the interface: by a scope of its own, in the name of a person who is told."""

from io import StringIO

import pytest
from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.db import transaction
from django.urls import reverse

from projects.models import Agreement, AgreementChange, Project
from tests import factories
from tests.api.conftest import pointers, problem
from tests.forms import fields
from tests.racing import held_up
from zone.models import ApiClient, AuditEntry

pytestmark = pytest.mark.django_db
SAID = {"on": "2025-04-01", "responsible": "office"}
BOTH = ("agreements:recognise", "agreements:write")


@pytest.fixture
def agreement(office):
    return factories.make_agreement()


def recognise(caller, agreement, **data):
    body = {name: value for name, value in (SAID | data).items() if value is not None}
    return caller.post(f"agreements/{agreement.pk}/recognise", body)


def test_it_asks_for_its_own_scope_and_not_for_writing(api, agreement):
    refused = recognise(api("agreements:read", "agreements:write"), agreement)
    assert (refused.status_code, problem(refused)["scope"]) == (403, "agreements:recognise")
    caller = api("agreements:recognise")
    assert recognise(caller, agreement).status_code == 200
    closed = caller.patch(f"agreements/{agreement.pk}", {"title": "x"}, 1)
    assert problem(closed)["scope"] == "agreements:write"


def test_it_is_kept_who_is_responsible_and_that_the_client_did_it(api, agreement, office):
    caller = api("agreements:recognise")
    done = recognise(caller, agreement).json()
    assert (done["recognised_by"], done["recognised_on"]) == ("office", "2025-04-01")
    change = AgreementChange.objects.get()
    assert (change.by, change.responsible) == (caller.client.account, office)
    line = AuditEntry.objects.get(action="STATE", model="projects.agreement")
    assert (line.by_id, line.door) == (caller.client.account_id, "API")
    assert line.changes["recognised_by"] == ["", str(office)]


def test_the_page_tells_for_whom_a_client_recognised(api, agreement, office, as_user):
    caller = api("agreements:recognise")
    recognise(caller, agreement)
    shown = as_user(office).get(reverse("admin:projects_agreement_record", args=[agreement.pk]))
    told = shown.context["story"].events[0]
    assert (told.who, told.note) == (caller.client.name, office.display_name)
    assert "责任人" in shown.text


@pytest.mark.parametrize(
    ("name", "code"),
    [
        (None, "required"),
        ("", "not_found"),
        (7, "type"),
        ("nobody", "not_found"),
        ("specialist", "post"),
        ("gone", "not_found"),
        ("handler", "own"),
    ],
)
def test_whoever_cannot_answer_for_it_is_refused(api, agreement, specialist, name, code):
    factories.make_office(username="gone", is_active=False)
    agreement.handled_by = factories.make_office(username="handler")
    agreement.save()
    refused = recognise(api("agreements:recognise"), agreement, responsible=name)
    assert (refused.status_code, pointers(refused)) == (422, [("/responsible", code)])
    assert not Agreement.objects.get().is_recognised


def test_the_account_of_a_client_is_not_responsible(api, agreement):
    caller = api("agreements:recognise")
    account = caller.client.account
    refused = recognise(caller, agreement, responsible=account.username)
    assert pointers(refused) == [("/responsible", "not_found")]
    for responsible in (None, account):
        with pytest.raises(ValidationError) as refusal:
            agreement.recognise(by=account, responsible=responsible)
        assert refusal.value.error_dict["responsible"][0].code == "required"


@pytest.mark.parametrize(
    "name", ["recognised_on", "recognised_by", "exclusion_reason", "entered_by"]
)
def test_a_recognition_is_never_written_as_a_field(api, office, name):
    caller = api(*BOTH)
    project = factories.make_project()
    body = {"project": str(project.pk), "kind": "FORMAL", "signed_on": "2025-03-01"}
    body |= {"amount_wan": "990000", name: "2025-03-01" if name == "recognised_on" else "office"}
    refused = caller.post("agreements", body)
    assert (refused.status_code, pointers(refused)[0][0]) == (422, f"/{name}")
    assert not Agreement.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_the_lock_of_the_project_comes_first_as_in_the_admin(api, agreement):
    """Else this and a recognition in the admin would wait for each other."""
    caller = api("agreements:recognise")
    with transaction.atomic():
        Project.locked(agreement.project_id)
        begun = held_up(lambda: recognise(caller, agreement).status_code)
        Agreement.objects.select_for_update(nowait=True).get()
    assert begun.result() == 200


# The warning


@pytest.fixture
def guard(db):
    return factories.make_user("security_admin")


@pytest.mark.parametrize("beside", ["agreements:write", "projects:write", "leads:write"])
def test_recognising_beside_writing_is_warned_of_and_stays_warned_of(as_user, guard, api, beside):
    client = api(f"{beside.partition(':')[0]}:read").client
    page, address = as_user(guard), reverse("admin:zone_apiclient_change", args=[client.pk])
    opened = page.get(address)
    assert opened.context["state_notes"] == []
    scopes = {"scopes": ["agreements:recognise", beside], "networks": "", "whole_zone": "on"}
    nobody = page.post(address, fields(opened) | scopes)
    assert "可认定协议的客户端须填写责任人" in nobody.text
    scopes["owner"] = factories.make_user("office").pk
    saved = page.post(address, fields(opened) | scopes, follow=True)
    assert [str(one) for one in saved.context["messages"] if beside in str(one)] != []
    (note,) = page.get(address).context["state_notes"]
    assert (note["tone"], beside in note["text"], "不能认定" in note["text"]) == (
        "warning",
        True,
        True,
    )
    assert set(ApiClient.objects.get().scopes) == set(scopes["scopes"])


def test_whoever_answers_for_the_client_is_one_with_it(api, office, as_user):
    """A colleague who is only named takes no part: one person would have made the figure."""
    clerk, colleague = factories.make_user("office"), factories.make_user("office")
    by_hand = factories.make_agreement(entered_by=clerk)
    recogniser = api("agreements:recognise", owner=clerk)
    refused = recognise(recogniser, by_hand, responsible=colleague.username)
    assert (refused.status_code, problem(refused)["errors"][0]["code"]) == (422, "own")

    writer = api("agreements:write", owner=clerk)
    written = factories.make_agreement(entered_by=writer.client.account)
    refused = recognise(recogniser, written, responsible=colleague.username)
    assert (refused.status_code, problem(refused)["errors"][0]["code"]) == (422, "own")

    another = api("agreements:recognise", owner=colleague)
    assert recognise(another, written, responsible=office.username).status_code == 200


@pytest.mark.parametrize(
    "scopes", [["agreements:recognise", "agreements:read"], ["agreements:write", "leads:write"]]
)
def test_either_alone_needs_no_warning(api, scopes):
    assert api(*scopes).client.warning == ""


def test_the_command_warns_beside_the_key(db):
    out, err, owner = StringIO(), StringIO(), factories.make_office().username
    for scopes in (",".join(BOTH), "agreements:recognise"):
        call_command(
            "create_api_client",
            scopes,
            "--zone",
            f"--owner={owner}",
            "--scopes",
            scopes,
            stdout=out,
            stderr=err,
        )
    (line,) = err.getvalue().splitlines()
    assert "agreements:write" in line
    assert "agreements:write" not in out.getvalue().splitlines()[-1]
    assert ApiClient.objects.count() == 2
