"""What a form, an address or a colleague's click may not do."""

from datetime import date
from decimal import Decimal
from threading import Thread

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.urls import reverse

from crm.models import Lead
from projects.models import Agreement
from projects.progress import progress
from projects.signing import convert
from tests.factories import (
    make_agreement,
    make_appointment,
    make_chain,
    make_counted,
    make_credit,
    make_enterprise,
    make_follow_up,
    make_lead,
    make_project,
    make_screening,
    make_space,
    make_user,
)
from tests.forms import send
from zone.admin.base import ScopedModelAdmin
from zone.models import User, ZoneSetting

pytestmark = pytest.mark.django_db
MARCH = date(2025, 3, 31)


def agreement_data(project, **fields) -> dict:
    data = {"project": str(project.pk), "kind": "FORMAL", "signed_on": "2025-03-01"}
    data |= {"amount_wan": "1000", "title": "", "handled_by": "", "upgrades": ""}
    return data | {"attachments-TOTAL_FORMS": "0", "attachments-INITIAL_FORMS": "0"} | fields


@pytest.mark.django_db(transaction=True)
def test_a_form_never_writes_back_a_state_that_changed_meanwhile(client, monkeypatch):
    """A recognition that comes while a form is being saved waits for it and then stands."""
    agreement = make_agreement()
    client.force_login(make_user(is_superuser=True))
    office = make_user()
    plain, threads = ScopedModelAdmin.save_model, []

    def recognise():
        Agreement.objects.get(pk=agreement.pk).recognise(by=office)
        connection.close()

    def slow(self, request, obj, form, change):
        threads.append(Thread(target=recognise))
        threads[0].start()
        threads[0].join(0.5)
        plain(self, request, obj, form, change)

    monkeypatch.setattr(ScopedModelAdmin, "save_model", slow)
    url = reverse("admin:projects_agreement_change", args=[agreement.pk])
    inlines = {"changes-TOTAL_FORMS": "0", "changes-INITIAL_FORMS": "0"}
    response = send(client, url, agreement_data(agreement.project, amount_wan="2000", **inlines))
    threads[0].join()
    assert response.status_code == 302
    agreement.refresh_from_db()
    assert (agreement.is_recognised, agreement.amount_wan) == (True, 2000)


@pytest.mark.parametrize("value", ["abc", "%00", "1" * 40, "１"])
def test_a_key_that_is_none_opens_the_form_all_the_same(client, value):
    client.force_login(make_user(is_superuser=True))
    for name in ("crm_lead_add", "projects_agreement_add", "zone_target_add"):
        query = f"?enterprise={value}&chain={value}&project={value}"
        assert client.get(reverse(f"admin:{name}") + query).status_code == 200
    add = reverse("admin:projects_agreement_add")
    posted = client.post(add, agreement_data(make_project()) | {"project": "abc"})
    assert list(posted.context["adminform"].form.errors) == ["project"]


def test_a_row_out_of_reach_is_not_accepted(as_user, specialist, other_specialist):
    client = as_user(specialist)
    theirs = make_project(handler=other_specialist)
    add = reverse("admin:projects_agreement_add")
    assert client.post(add, agreement_data(theirs)).status_code == 200
    assert Agreement.objects.count() == 0


def test_a_closed_lead_takes_no_follow_up(specialist):
    lead = make_lead(owner=specialist)
    lead.close(by=specialist, to="LOST", reason="另选他地")
    with pytest.raises(ValidationError) as refused:
        make_follow_up(lead=lead, by=specialist)
    assert "lead" in refused.value.error_dict


def test_whoever_makes_a_project_keeps_it_in_sight(as_user, specialist, chain):
    client = as_user(specialist)
    empty = {"credits-TOTAL_FORMS": "0", "credits-INITIAL_FORMS": "0"}
    data = {"name": "新项目", "key_level": "NONE", "chain": str(chain.pk)} | empty
    assert client.post(reverse("admin:projects_project_add"), data).status_code == 302
    assert specialist.handled_projects.get().name == "新项目"


def test_a_lead_of_the_pool_converts_to_its_converters_project(specialist, chain):
    lead = make_lead(chain=chain)
    make_screening(lead=lead)
    lead.advance(by=specialist)
    project = convert(lead, by=specialist)
    assert (project.handler, project.credits.get().specialist) == (specialist, specialist)


def test_an_appointment_gives_the_rights_of_its_role_while_it_lasts():
    user = make_user()
    assert not user.has_perm("crm.add_lead")
    post = make_appointment(user, "SPECIALIST", chain=make_chain())
    assert User.objects.get(pk=user.pk).has_perm("crm.add_lead")
    post.ends_on = post.starts_on
    post.save()
    assert not User.objects.get(pk=user.pk).has_perm("crm.add_lead")


def test_shares_added_meanwhile_are_counted(client):
    client.force_login(make_user(is_superuser=True))
    project = make_project()
    make_credit(project=project, specialist=make_user())
    data = {"name": project.name, "key_level": "NONE", "credits-0-share": "1"}
    data |= {"credits-0-specialist": str(make_user().pk), "credits-0-project": str(project.pk)}
    for prefix in ("agreements", "attachments", "credits", "follow_ups", "stage_changes"):
        data |= {f"{prefix}-TOTAL_FORMS": "0", f"{prefix}-INITIAL_FORMS": "0"}
    data["credits-TOTAL_FORMS"] = "1"
    url = reverse("admin:projects_project_change", args=[project.pk])
    assert client.post(url, data).status_code == 200
    assert project.credits.count() == 1


def test_a_name_is_judged_by_its_length_as_kept(client):
    with pytest.raises(ValidationError):
        make_enterprise(name="㍿" * 60)
    with pytest.raises(ValidationError):
        make_enterprise(name="（）")


def test_dates_stay_within_reason(client, specialist):
    client.force_login(make_user(is_superuser=True))
    lead = make_lead(owner=specialist)
    url = reverse("admin:crm_lead_advance", args=[lead.pk])
    refused = client.post(url, {"to": "SCREENED", "on": "9999-12-31"})
    assert "on" in refused.context["form"].errors
    assert Lead.objects.get().stage == "NEW"
    data = {"space": str(make_space().pk), "enterprise": str(make_enterprise().pk)}
    data |= {"kind": "LEASE", "starts_on": "2025-01-01", "ends_on": "9999-12-31"}
    assert client.post(reverse("admin:projects_occupancy_add"), data).status_code == 200


def test_a_setting_stays_within_reason():
    with pytest.raises(ValidationError):
        ZoneSetting(key="LEAD_PROTECTION_DAYS", value=Decimal(99_999_999)).full_clean()


def test_two_segments_of_one_name_are_refused_in_one_save(client):
    client.force_login(make_user(is_superuser=True))
    chain = make_chain()
    data = {"code": chain.code, "name": chain.name, "position": "0"}
    data |= {"segments-TOTAL_FORMS": "2", "segments-INITIAL_FORMS": "0"}
    for n in (0, 1):
        data |= {f"segments-{n}-name": "正极", f"segments-{n}-position": "UPSTREAM"}
        data |= {f"segments-{n}-gap": "NONE", f"segments-{n}-chain": str(chain.pk)}
    url = reverse("admin:zone_industrychain_change", args=[chain.pk])
    assert client.post(url, data).status_code == 200
    assert chain.segments.count() == 0


def test_odd_requests_are_answered(client):
    client.force_login(make_user(is_superuser=True))
    term = reverse("admin:autocomplete") + "?app_label=crm&model_name=lead&field_name=enterprise"
    assert client.get(term + "&term=%00").status_code == 200
    bad = {"action": "delete_selected", "_selected_action": "abc"}
    assert client.post(reverse("admin:crm_lead_changelist"), bad).status_code == 302
    lead = make_lead(title="甲 乙")
    found = client.get(reverse("admin:crm_lead_changelist") + '?q="甲 乙"')
    assert list(found.context["cl"].queryset) == [lead]


def test_of_several_formal_agreements_that_wait_one_waits():
    first = make_agreement(signed_on=date(2025, 2, 1), amount_wan=Decimal(100))
    make_agreement(project=first.project, amount_wan=Decimal(900))
    figures = progress(2025, MARCH)
    assert (figures.signed_projects.pending, figures.signed_amount.pending) == (1, 100)


def test_a_supplement_of_an_excluded_project_never_waits():
    formal = make_counted(100, exclusion_reason="LOCAL_INVESTOR")
    make_agreement(project=formal.project, kind="SUPPLEMENT")
    assert progress(2025, MARCH).signed_amount.pending == 0


def test_a_supplement_from_before_its_agreement_does_not_count():
    formal = make_counted(100, date(2025, 3, 20))
    make_counted(50, date(2025, 2, 1), project=formal.project, kind="SUPPLEMENT")
    assert progress(2025, MARCH).signed_amount.actual == 100
