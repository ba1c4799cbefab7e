"""Nobody makes the headline figure alone: whoever worked on it recognises it at no door."""

from datetime import date, timedelta
from threading import Thread

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.urls import reverse

from crm.merging import merge_enterprises
from crm.models import Lead
from projects.models import Agreement, Credit, Project
from tests import factories, trail
from tests.api.batches import send as send_batch
from tests.api.conftest import Api
from tests.forms import fields, send
from zone.admin.base import ScopedModelAdmin
from zone.audit import chain as audit_chain
from zone.calendar import today
from zone.models import ApiClient, AuditEntry, ExternalRef

pytestmark = pytest.mark.django_db
ON = {"on": "2025-04-01"}
EMPTY = {"attachments-TOTAL_FORMS": "0", "attachments-INITIAL_FORMS": "0"}


def page(row, name: str = "change") -> str:
    return reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_{name}", args=[row.pk])


def change(client, row, **data):
    """Save the admin's form of ``row`` with some fields changed, as a browser would."""
    answer = client.post(page(row), fields(client.get(page(row))) | data)
    assert answer.status_code == 302, answer.context["errors"]


def body(project, **data) -> dict:
    whole = {"project": str(project.pk), "kind": "FORMAL", "signed_on": "2025-03-01"}
    return whole | {"amount_wan": "20000", **data}


def refuse(agreement: Agreement, person, as_user, words: str):
    """Every door refuses ``person`` in words; the model's method is behind all of them."""
    agreement = Agreement.objects.get(pk=agreement.pk)
    assert not agreement.can_recognise(person)
    with pytest.raises(ValidationError) as refused:
        agreement.recognise(by=person)
    assert refused.value.code == "own"
    assert words in refused.value.messages[0]
    assert "其他同事认定" in refused.value.messages[0]
    client = as_user(person)
    shown = client.get(page(agreement))
    assert words in shown.context["state_notes"][0]["text"]
    assert page(agreement, "recognise") not in shown.text
    answer = client.post(page(agreement, "recognise"), ON)
    assert (answer.status_code, words in answer.text) == (403, True)
    assert not Agreement.objects.get(pk=agreement.pk).is_recognised


# What somebody does in the admin to a figure: each returns the agreement that it makes.


def entered(client, office):
    project = factories.make_project()
    handler = {"handled_by": str(factories.make_user().pk), "upgrades": "", "title": ""}
    add = reverse("admin:projects_agreement_add")
    assert send(client, add, body(project, **handler) | EMPTY).status_code == 302
    return Agreement.objects.get()


def amount_changed(client, office):
    agreement = factories.make_agreement()
    change(client, agreement, amount_wan="500000")
    return agreement


def moved(client, office):
    agreement = factories.make_agreement()
    change(client, agreement, project=str(factories.make_project().pk))
    return agreement


def supplement_changed(client, office):
    formal = factories.make_counted(20_000)
    more = factories.make_agreement(project=formal.project, kind="SUPPLEMENT")
    change(client, more, amount_wan="500000")
    return more


def project_entered(client, office):
    add = reverse("admin:projects_project_add")
    data = {"name": "新项目", "key_level": "NONE", "total_investment_wan": "500000"}
    data |= {"enterprise": str(factories.make_enterprise().pk)}
    data |= {"credits-TOTAL_FORMS": "0", "credits-INITIAL_FORMS": "0"}
    assert client.post(add, data).status_code == 302
    return factories.make_agreement(project=Project.objects.get())


def project_changed(name: str, value):
    def did(client, office):
        agreement = factories.make_agreement()
        change(client, agreement.project, **{name: value()})
        return agreement

    did.__name__ = f"project_{name}_changed"
    return did


def gave_the_project_away(client, office):
    project = factories.make_project(handler=office)
    agreement = factories.make_agreement(project=project)
    change(client, project, handler=str(factories.make_user().pk))
    return agreement


def credit_form(**data) -> dict:
    return {f"credits-0-{name}": value for name, value in data.items()}


def credited(client, office):
    agreement = factories.make_agreement()
    new = credit_form(specialist=str(factories.make_user().pk), share="100")
    new |= credit_form(project=str(agreement.project_id), id="")
    change(client, agreement.project, **new, **{"credits-TOTAL_FORMS": "1"})
    return agreement


def credit_changed(client, office):
    agreement = factories.make_agreement()
    factories.make_credit(project=agreement.project, specialist=factories.make_user())
    change(client, agreement.project, **credit_form(share="50"))
    assert Credit.objects.get().share == 50
    return agreement


def credit_deleted(client, office):
    agreement = factories.make_agreement()
    factories.make_credit(project=agreement.project, specialist=factories.make_user())
    type(office).objects.filter(pk=office.pk).update(is_superuser=True)  # no role may
    change(client, agreement.project, **credit_form(DELETE="on"))
    type(office).objects.filter(pk=office.pk).update(is_superuser=False)
    assert not Credit.objects.exists()
    return agreement


def converted(client, office):
    lead = factories.make_lead(owner=factories.make_user(), stage="SCREENED")
    data = {"name": "新项目", "total_investment_wan": "500000", "on": today().isoformat()}
    assert client.post(page(lead, "convert"), data).status_code == 302
    return factories.make_agreement(project=Project.objects.get())


def lead_changed(client, office):
    lead = factories.make_lead(owner=factories.make_user(), stage="SCREENED")
    change(client, lead, planned_investment_wan="500000")
    return factories.make_agreement(project=factories.make_project(lead=lead))


def lead_logged(client, office):
    data = {"enterprise_name": "示例新企业有限公司", "title": "新线索", "source": "OWN"}
    data |= {"chain": str(factories.make_chain().pk), "planned_investment_wan": "500000"}
    data |= {"contact_name": "王经理", "contact_title": "", "contact_phone": ""}
    assert client.post(reverse("admin:crm_lead_add"), data).status_code == 302
    return factories.make_agreement(project=factories.make_project(lead=Lead.objects.get()))


def enterprises_merged(client, office):
    agreement = factories.make_agreement()
    kept = factories.make_enterprise()
    merge_enterprises(kept, agreement.project.enterprise, by=office, reason="同一家")
    return agreement


AGREEMENT, PROJECT, CREDITS = "录入或修改过这份协议", "其项目的金额", "业绩分配"
ACTS = [
    (entered, AGREEMENT),
    (amount_changed, AGREEMENT),
    (moved, AGREEMENT),
    (supplement_changed, AGREEMENT),
    (project_entered, PROJECT),
    (project_changed("total_investment_wan", lambda: "500000"), PROJECT),
    (project_changed("fixed_asset_investment_wan", lambda: "9000"), PROJECT),
    (project_changed("chain", lambda: str(factories.make_chain("equipment").pk)), PROJECT),
    (project_changed("enterprise", lambda: str(factories.make_enterprise().pk)), PROJECT),
    (gave_the_project_away, PROJECT),
    (credited, CREDITS),
    (credit_changed, CREDITS),
    (credit_deleted, CREDITS),
    (converted, PROJECT),
    (lead_changed, "来源线索"),
    (lead_logged, "来源线索"),
    (enterprises_merged, PROJECT),
]
USUAL = (entered, amount_changed, credit_changed, converted)  # the plain run takes these alone


@pytest.mark.parametrize(
    ("act", "words"),
    [
        pytest.param(act, words, id=act.__name__, marks=() if act in USUAL else pytest.mark.slow)
        for act, words in ACTS
    ],
)
def test_whoever_made_the_figure_in_the_admin_is_refused_and_a_colleague_is_not(
    as_user, office, colleague, act, words
):
    agreement = act(as_user(office), office)
    refuse(agreement, office, as_user, words)
    answer = as_user(colleague).post(page(agreement, "recognise"), ON | {"on": str(today())})
    assert answer.status_code == 302
    agreement.refresh_from_db()
    assert agreement.recognised_by == colleague


@pytest.mark.parametrize("name", ["name", "content", "key_level"])
def test_what_makes_no_figure_bars_nobody(as_user, office, name):
    agreement = factories.make_agreement()
    change(as_user(office), agreement.project, **{name: "CITY"})
    assert agreement.can_recognise(office)
    agreement.recognise(by=office)


def test_everybody_who_changed_it_is_barred_not_only_the_last(as_user, office, colleague):
    agreement = factories.make_agreement()
    for person, amount in ((office, "500000"), (colleague, "600000")):
        change(as_user(person), agreement, amount_wan=amount)
    refuse(agreement, office, as_user, AGREEMENT)
    refuse(agreement, colleague, as_user, AGREEMENT)
    agreement.recognise(by=factories.make_office())


def test_who_shares_in_the_result_does_not_recognise_it(as_user, office):
    agreement = factories.make_agreement()
    factories.make_credit(project=agreement.project, specialist=office)
    refuse(agreement, office, as_user, CREDITS)


def test_withdrawn_changed_and_recognised_again_takes_two(as_user, office, colleague):
    agreement = factories.make_agreement()
    client = as_user(office)
    agreement.recognise(by=office, on=date(2025, 4, 1))
    client.post(page(agreement, "withdraw"), {"reason": "金额有误"})
    assert Agreement.objects.get().can_recognise(office)
    change(client, agreement, amount_wan="990000")
    refuse(agreement, office, as_user, AGREEMENT)
    agreement.recognise(by=colleague)


def test_an_exclusion_is_not_taken_back_by_who_changed_what_then_counts(as_user, office, colleague):
    agreement = factories.make_agreement()
    agreement.recognise(by=colleague, on=date(2025, 4, 1))
    agreement.exclude(by=colleague, exclusion="LATER_PHASE")
    change(as_user(office), agreement.project, chain=str(factories.make_chain("equipment").pk))
    assert not agreement.can_include(office)
    assert "其项目的金额" in agreement.why_barred(office)
    with pytest.raises(ValidationError) as refused:
        agreement.include(by=office, reason="复核")
    assert refused.value.code == "own"
    answer = as_user(office).post(page(agreement, "include"), {"reason": "复核"})
    assert (answer.status_code, "其项目的金额" in answer.text) == (403, True)
    agreement.include(by=colleague, reason="复核")
    assert Agreement.objects.counted_amounts().exists()


def test_an_exclusion_of_what_waits_is_taken_back_by_anybody_of_the_office(as_user, office):
    agreement = factories.make_agreement()
    change(as_user(office), agreement, amount_wan="500000")
    agreement.exclude(by=office, exclusion="LATER_PHASE")
    agreement.include(by=office, reason="误操作")
    refuse(agreement, office, as_user, AGREEMENT)


def test_who_entered_it_is_known_after_the_lines_are_removed(as_user, office, colleague):
    lead = factories.make_lead(owner=factories.make_user(), stage="SCREENED")
    data = {"name": "新项目", "total_investment_wan": "500000", "on": today().isoformat()}
    assert as_user(office).post(page(lead, "convert"), data).status_code == 302
    project = Project.objects.get()
    agreement = factories.make_agreement(project=project, entered_by=colleague)
    lines = list(AuditEntry.objects.order_by("id"))
    with trail.opened():
        trail.age_links(lines, 200)
    audit_chain.purge(today() - timedelta(days=190))
    assert not AuditEntry.objects.of(project).exists()
    refuse(agreement, office, as_user, PROJECT)
    refuse(agreement, colleague, as_user, AGREEMENT)


def test_a_list_asks_once_for_all_its_rows(office, django_assert_num_queries):
    project = factories.make_project(enterprise=factories.make_enterprise())
    mine = factories.make_agreement(project=project, handled_by=office)
    office.has_perm("projects.recognise_agreement")
    for rows in (1, 30):
        while Agreement.objects.count() < rows:
            factories.make_agreement(project=project)
        with django_assert_num_queries(1):
            found = list(Agreement.objects.with_work_of(office))
            can = {row.pk: row.can_recognise(office) for row in found}
        assert [pk for pk, may in can.items() if not may] == [mine.pk]


def test_an_answer_for_one_person_is_not_taken_for_another(office, colleague):
    agreement = factories.make_agreement(handled_by=colleague)
    (row,) = Agreement.objects.with_work_of(office)
    assert (row.can_recognise(office), row.can_recognise(colleague)) == (True, False)
    assert agreement.can_recognise(office)


def test_a_ledger_without_lines_is_recognised_by_anybody_of_the_office(office):
    factories.make_agreement().recognise(by=office)


# Other systems


def client_of(*scopes, **data) -> Api:
    client = ApiClient(name=f"示例·{len(scopes)}{scopes[0]}", scopes=list(scopes), whole_zone=True)
    client.owner = data.get("owner")
    client.sources = [] if ApiClient.objects.exists() else ["oa"]
    client.save()
    return Api(client)


def items(external_id: str, data: dict) -> list[dict]:
    return [{"external_id": external_id, "data": data}]


def api_entered(caller):
    assert caller.post("agreements", body(factories.make_project())).status_code == 201
    return Agreement.objects.get()


def api_changed(caller):
    agreement = factories.make_agreement()
    answer = caller.patch(f"agreements/{agreement.pk}", {"amount_wan": "990000"}, 1)
    assert answer.status_code == 200, answer.text
    return agreement


def api_batch(caller):
    project = factories.make_project()
    answer = send_batch(caller, "agreements", items("A-1", body(project)))
    assert answer.status_code == 200, answer.text
    return Agreement.objects.get()


def api_batch_changed(caller):
    agreement = factories.make_agreement()
    refer(agreement)
    answer = send_batch(caller, "agreements", items("X-1", {"amount_wan": "990000"}))
    assert answer.json()["results"][0]["status"] == 200, answer.text
    return agreement


def api_project_changed(caller):
    agreement = factories.make_agreement()
    path = f"projects/{agreement.project_id}"
    assert caller.patch(path, {"total_investment_wan": "990000"}, 1).status_code == 200
    return agreement


def api_project_batch(caller):
    data = {"enterprise": str(factories.make_enterprise().pk), "name": "新项目"}
    data |= {"total_investment_wan": "990000"}
    assert send_batch(caller, "projects", items("P-1", data)).status_code == 200
    return factories.make_agreement(project=Project.objects.get())


def api_project_batch_changed(caller):
    agreement = factories.make_agreement()
    refer(agreement.project)
    data = {"total_investment_wan": "990000"}
    assert send_batch(caller, "projects", items("X-1", data)).status_code == 200
    return agreement


def api_converted(caller):
    lead = factories.make_lead(owner=factories.make_user(), stage="SCREENED")
    answer = caller.post(f"leads/{lead.pk}/convert", {"total_investment_wan": "990000"})
    assert answer.status_code == 201, answer.text
    return factories.make_agreement(project=Project.objects.get())


def api_lead_batch(caller):
    data = {"enterprise": str(factories.make_enterprise().pk), "title": "新线索"}
    data |= {"chain": factories.make_chain().code, "source": "SUPERIOR"}
    data |= {"planned_investment_wan": "990000"}
    assert send_batch(caller, "leads", items("L-1", data)).status_code == 200
    return factories.make_agreement(project=factories.make_project(lead=Lead.objects.get()))


def refer(row):
    ExternalRef.objects.create(
        source="oa", entity=row.SYNC.number, external_id="X-1", object_id=row.pk
    )


API_ACTS = [
    (api_entered, AGREEMENT),
    (api_changed, AGREEMENT),
    (api_batch, AGREEMENT),
    (api_batch_changed, AGREEMENT),
    (api_project_changed, PROJECT),
    (api_project_batch, PROJECT),
    (api_project_batch_changed, PROJECT),
    (api_converted, PROJECT),
    (api_lead_batch, "来源线索"),
]
MAKING = ("agreements:write", "projects:write", "leads:write", "agreements:recognise")


@pytest.mark.slow
@pytest.mark.parametrize(("act", "words"), API_ACTS, ids=[act.__name__ for act, _words in API_ACTS])
def test_a_client_does_not_recognise_what_it_made_nor_does_whoever_answers_for_it(
    as_user, office, colleague, act, words
):
    caller = client_of(*MAKING, owner=office)
    agreement = act(caller)
    path, said = f"agreements/{agreement.pk}/recognise", ON | {"responsible": "office2"}
    refused = caller.post(path, said)
    assert refused.status_code == 422
    (found,) = refused.json()["errors"]
    assert (found["pointer"], found["code"]) == ("", "own")
    assert words in found["detail"]
    assert caller.client.name in found["detail"]
    refuse(agreement, office, as_user, words)
    other = client_of("agreements:recognise")
    owner = other.post(path, said | {"responsible": "office"}).json()["errors"]
    assert [(found["pointer"], found["code"]) for found in owner] == [("/responsible", "own")]
    done = other.post(path, said | {"on": str(today())})
    assert (done.status_code, done.json()["recognised_by"]) == (200, "office2"), done.text


# At the same moment


def amount_of_the_agreement(agreement) -> tuple:
    return agreement, {"amount_wan": "990000"}


def amount_of_the_project(agreement) -> tuple:
    return agreement.project, {"total_investment_wan": "990000"}


def recognise(agreement: Agreement, by):
    agreement.recognise(by=by)


def recognise_as_known_before_the_lock(agreement: Agreement, by):
    """The negative control: asks who worked on it first, and waits for the lock then."""
    agreement._work_before = agreement._work_of(by)
    agreement._read_work_of = lambda user: agreement._work_before
    agreement.recognise(by=by)


@pytest.mark.django_db(transaction=True)
@pytest.mark.slow
@pytest.mark.parametrize("changed", [amount_of_the_agreement, amount_of_the_project])
@pytest.mark.parametrize(
    ("way", "counts"), [(recognise, False), (recognise_as_known_before_the_lock, True)]
)
def test_of_a_change_and_a_recognition_by_one_person_the_second_sees_the_first(
    client, monkeypatch, changed, way, counts
):
    office = factories.make_user(is_superuser=True)
    client.force_login(office)
    agreement = factories.make_agreement()
    row, data = changed(agreement)
    plain, threads, refused = ScopedModelAdmin.save_model, [], []

    def work():
        try:
            way(Agreement.objects.get(pk=agreement.pk), office)
        except ValidationError as refusal:
            refused.append(refusal.code)
        finally:
            connection.close()

    def slow(self, request, obj, form, change):
        threads.append(Thread(target=work))
        threads[0].start()
        threads[0].join(0.5)
        plain(self, request, obj, form, change)

    monkeypatch.setattr(ScopedModelAdmin, "save_model", slow)
    change(client, row, **data)
    threads[0].join()
    agreement.refresh_from_db()
    assert (agreement.is_recognised, refused) == (counts, [] if counts else ["own"])


def test_an_agreement_moved_while_it_is_recognised_is_not(office):
    agreement = factories.make_agreement()
    known = Agreement.objects.get(pk=agreement.pk)
    Agreement.objects.update(project=factories.make_project())
    with pytest.raises(ValidationError) as refused:
        known.recognise(by=office)
    assert refused.value.code == "moved"
