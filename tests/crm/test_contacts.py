"""Contacts: masked forms, retention, anonymising, and being found by the whole number."""

import re
from datetime import date, timedelta
from io import StringIO

import pytest
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction
from django.urls import reverse
from django.utils.html import strip_tags
from django.utils.translation import gettext as _

from crm.models import Contact
from crm.models.contacts import ANONYMOUS
from projects.progress import monthly, progress
from tests.factories import (
    make_contact,
    make_counted,
    make_enterprise,
    make_follow_up,
    make_lead,
    make_project,
    make_user,
)
from tests.forms import send
from zone.calendar import today
from zone.models import AuditEntry, ZoneSetting
from zone.privacy.masking import phone_key

pytestmark = pytest.mark.django_db
PHONE, MASK = "13812345678", "138****5678"
MARKED = {
    "name": "标记人名",
    "title": "标记职务",
    "phone": PHONE,
    "wechat": "marker_wx_77",
    "email": "marker77@example.com",
    "consent_source": "CARD",
}


def change_url(contact) -> str:
    return reverse("admin:crm_contact_change", args=[contact.pk])


def posted(contact, **fields) -> dict:
    """Return what a browser sends back that left the form as it was shown."""
    data = {"enterprise": str(contact.enterprise_id), "name": contact.name}
    data |= {"title": contact.title, "role": contact.role, "consent_source": ""}
    data |= {name: str(getattr(contact, name)) for name in Contact.NUMBERS}
    return data | {"retain_until": str(contact.retain_until)} | fields


def stored(contact) -> dict:
    row = Contact.objects.get(pk=contact.pk)
    return {name: getattr(row, name).plain if getattr(row, name) else "" for name in row.NUMBERS}


@pytest.fixture
def contact(db):
    return make_contact(**MARKED)


def test_a_form_sent_back_as_shown_keeps_the_numbers(as_user, office, contact):
    client = as_user(office)
    before = stored(contact)
    assert send(client, change_url(contact), posted(contact, name="新名")).status_code == 302
    assert stored(contact) == before
    assert Contact.objects.get().name == "新名"


def test_a_new_number_replaces_the_old_one_and_its_key(as_user, office, contact):
    data = posted(contact, phone="＋８６ 139 1234 5678")
    assert send(as_user(office), change_url(contact), data).status_code == 302
    assert stored(contact)["phone"] == "13912345678"
    assert Contact.objects.get().phone_key == phone_key("13912345678")


def test_a_cleared_number_is_emptied(as_user, office, contact):
    data = posted(contact, phone="", wechat="", email="")
    assert send(as_user(office), change_url(contact), data).status_code == 302
    assert stored(contact) == {"phone": "", "wechat": "", "email": ""}
    assert Contact.objects.get().phone_key == ""


@pytest.mark.parametrize(
    ("name", "typed"),
    [("phone", "139****5678"), ("phone", "138****567＊"), ("email", "y***@example.com")],
)
def test_a_mask_that_is_not_the_shown_one_is_refused(as_user, office, contact, name, typed):
    response = send(as_user(office), change_url(contact), posted(contact, **{name: typed}))
    errors = response.context["adminform"].form.errors.as_data()
    assert [error.code for error in errors[name]] == ["masked"]


def test_an_error_never_shows_the_stored_number(as_user, office, contact):
    response = send(as_user(office), change_url(contact), posted(contact, name="", email="bad"))
    assert set(response.context["adminform"].form.errors) == {"name", "email"}
    assert [MASK in response.text, PHONE in response.text] == [True, False]


def test_an_identity_card_number_is_kept_nowhere():
    for name in ("name", "title", "wechat"):
        with pytest.raises(ValidationError) as refused:
            make_contact(**{name: "110101199003070000"})
        assert set(refused.value.error_dict) == {name}


def test_an_untouched_row_of_the_enterprises_contacts_stays(as_user, office, contact):
    url = reverse("admin:crm_enterprise_change", args=[contact.enterprise_id])
    data = {"name": contact.enterprise.name, "contacts-TOTAL_FORMS": "2"}
    data |= {"contacts-INITIAL_FORMS": "1", "contacts-0-id": str(contact.pk)}
    data |= {f"contacts-0-{name}": value for name, value in posted(contact).items()}
    data |= {"contacts-1-name": "新人", "contacts-1-phone": "13912345678"}
    assert as_user(office).post(url, data).status_code == 302
    new = Contact.objects.get(name="新人")
    assert (stored(contact)["phone"], stored(new)["phone"]) == (PHONE, "13912345678")
    assert (new.entered_by, Contact.objects.get(pk=contact.pk).entered_by) == (office, None)


def test_whoever_enters_a_contact_is_written_down(as_user, office):
    enterprise = make_enterprise()
    data = {"enterprise": str(enterprise.pk), "name": "甲", "phone": PHONE}
    assert as_user(office).post(reverse("admin:crm_contact_add"), data).status_code == 302
    assert Contact.objects.get().entered_by == office


@pytest.mark.parametrize("term", [PHONE, "+86 138 1234 5678", "１３８１２３４５６７８"])
@pytest.mark.parametrize("model", ["contact", "enterprise", "lead"])
def test_a_whole_number_finds_its_contact_enterprise_and_lead(as_user, office, model, term):
    contact = make_contact(phone=PHONE)
    lead = make_lead(enterprise=contact.enterprise, contact=contact)
    make_lead(enterprise=make_contact(phone="13912345678").enterprise)
    wanted = {"contact": contact, "enterprise": contact.enterprise, "lead": lead}[model]
    page = as_user(office).get(reverse(f"admin:crm_{model}_changelist"), {"q": term})
    assert list(page.context["cl"].queryset) == [wanted]
    rows = page.text[page.text.index('id="result_list"') :]
    # Links carry what was typed back to the list; the rows themselves show no number.
    assert PHONE not in strip_tags(rows[: rows.index("</table>")])


@pytest.mark.parametrize("model", ["contact", "enterprise", "lead"])
@pytest.mark.parametrize("term", ["138", "1381234567", "1234", "4567", "marker_wx", "marker77"])
def test_what_a_mask_hides_finds_nothing(as_user, office, contact, model, term):
    make_lead(enterprise=contact.enterprise, contact=contact, title="示例项目")
    # The factory counts its names, and one of them is the 138th.
    type(contact.enterprise).objects.update(name="示例企业有限公司")
    page = as_user(office).get(reverse(f"admin:crm_{model}_changelist"), {"q": term})
    assert list(page.context["cl"].queryset) == []


def test_who_may_not_reveal_cannot_try_numbers_out(as_user, leader, contact):
    page = as_user(leader).get(reverse("admin:crm_contact_changelist"), {"q": PHONE})
    assert list(page.context["cl"].queryset) == []


@pytest.mark.parametrize(
    ("model", "query"),
    [
        ("contact", "phone__startswith=1"),
        ("contact", f"phone={PHONE}"),
        ("contact", "phone__regex=^1"),
        ("contact", "email__startswith=m"),
        ("contact", "wechat__gte=m"),
        ("contact", "phone_key__startswith=a"),
        ("enterprise", "contacts__phone__startswith=1"),
        ("enterprise", "contacts__email__contains=m"),
        ("lead", "contact__phone__startswith=1"),
        ("followup", "lead__contact__phone__startswith=1"),
        ("followup", "lead__enterprise__contacts__wechat=m"),
    ],
)
def test_no_lookup_reaches_a_personal_field(as_user, contact, model, query):
    client = as_user(make_user(is_superuser=True))
    response = client.get(reverse(f"admin:crm_{model}_changelist") + f"?{query}")
    assert response.status_code in (302, 400)


def test_no_column_of_a_number_can_be_sorted(as_user, office):
    make_contact(phone="13912345678", name="甲")
    make_contact(phone="13812345678", name="乙")
    client = as_user(office)
    for column in range(-8, 9):
        page = client.get(reverse("admin:crm_contact_changelist"), {"o": str(column)})
        order = str(page.context["cl"].queryset.query.order_by)
        assert not re.search("phone|wechat|email", order)


def test_bulk_writes_have_the_key_too():
    enterprise = make_enterprise()
    Contact.objects.bulk_create([Contact(enterprise=enterprise, name="甲", phone="138 1234 5678")])
    assert Contact.objects.with_number(PHONE).count() == 1
    contact = Contact.objects.get()
    contact.phone = "13912345678"
    contact.save(update_fields=["phone"])
    assert Contact.objects.with_number("13912345678").count() == 1


def test_after_a_change_of_the_key_numbers_are_found_again(settings, contact):
    settings.CONTACT_KEY = "k" * 40
    assert Contact.objects.with_number(PHONE).count() == 0
    call_command("rekey_contacts", stdout=StringIO())
    assert Contact.objects.with_number(PHONE).get() == contact
    assert Contact.objects.with_ending(PHONE[-4:]).get() == contact
    version = Contact.objects.get().version
    call_command("rekey_contacts", stdout=StringIO())
    assert Contact.objects.get().version == version


def test_a_contact_is_kept_three_years_from_its_entry_or_last_follow_up(specialist):
    contact = make_contact()
    assert contact.retain_until == today() + timedelta(days=1095)
    lead = make_lead(enterprise=contact.enterprise, contact=contact, owner=specialist)
    Contact.objects.update(retain_until=date(2025, 1, 1))
    make_follow_up(lead=lead, by=specialist, happened_on=date(2025, 3, 1))
    assert Contact.objects.get().retain_until == date(2028, 2, 29)
    make_follow_up(lead=lead, by=specialist, happened_on=date(2024, 3, 1))
    assert Contact.objects.get().retain_until == date(2028, 2, 29)
    project = make_project(enterprise=contact.enterprise, lead=lead)
    make_follow_up(project=project, by=specialist, happened_on=date(2025, 3, 2))
    assert Contact.objects.get().retain_until == date(2028, 3, 1)


def test_the_office_says_how_long():
    ZoneSetting.objects.create(key="CONTACT_RETENTION_DAYS", value=10)
    assert make_contact().retain_until == today() + timedelta(days=10)


def everything_written() -> str:
    """Return every text, JSON and binary column of every table as one string."""
    parts = []
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT table_name, column_name FROM information_schema.columns "
            "WHERE table_schema = 'public' AND data_type NOT IN ('integer', 'bigint', 'boolean')"
        )
        for table, column in cursor.fetchall():
            cursor.execute(f'SELECT string_agg("{column}"::text, chr(10)) FROM "{table}"')
            parts.append(cursor.fetchone()[0] or "")
    text = "\n".join(parts)
    # Django's log escapes Chinese in its JSON.
    return text + re.sub(r"\\u([0-9a-f]{4})", lambda found: chr(int(found[1], 16)), text)


def marks_left() -> list[str]:
    text = everything_written()
    marks = [value for name, value in MARKED.items() if name != "consent_source"]
    return [mark for mark in (*marks, phone_key(PHONE)) if mark in text]


def figures():
    on = date(2025, 12, 31)
    return progress(2025, on), monthly(2025, on)


def test_an_anonymised_contact_leaves_no_trace_and_every_figure_as_it_was(
    as_user, office, specialist
):
    client = as_user(office)
    enterprise = make_enterprise()
    url = reverse("admin:crm_enterprise_change", args=[enterprise.pk])
    data = {"name": enterprise.name, "contacts-TOTAL_FORMS": "1", "contacts-INITIAL_FORMS": "0"}
    data |= {f"contacts-0-{name}": value for name, value in MARKED.items()}
    assert client.post(url, data).status_code == 302
    contact = Contact.objects.get()
    again = posted(contact, role="DECIDER", consent_source="CARD")
    assert send(client, change_url(contact), again).status_code == 302
    lead = make_lead(enterprise=enterprise, contact=contact, owner=specialist)
    make_follow_up(lead=lead, by=specialist)
    make_counted(5_000, project=make_project(enterprise=enterprise, lead=lead))
    before, leads = figures(), Contact.objects.get().leads.count()
    assert marks_left() != []  # it would be found

    page = client.post(
        reverse("admin:crm_contact_anonymise", args=[contact.pk]), {"reason": "本人要求"}
    )
    assert page.status_code == 302
    assert marks_left() == []
    assert (figures(), Contact.objects.get().leads.count()) == (before, leads)
    row = Contact.objects.get()
    assert (row.name, str(row), row.consent_source) == (ANONYMOUS, _("anonymised"), "")
    entry = AuditEntry.objects.of(row).get(action="ANONYMISED")
    assert (entry.by, entry.why) == (office, "本人要求")
    assert set(entry.detail["fields"]) == {"name", "title", "phone", "wechat", "email"}


def test_anonymising_is_for_the_office_and_for_good(as_user, office, specialist, contact):
    url = reverse("admin:crm_contact_anonymise", args=[contact.pk])
    assert as_user(specialist).get(url).status_code in (403, 404)
    contact.anonymise(by=office, reason="本人要求")
    with pytest.raises(ValidationError):
        contact.anonymise(by=office, reason="再次")
    client = as_user(office)
    assert client.get(url).status_code == 403
    assert send(client, change_url(contact), posted(contact, name="甲")).status_code == 403


@pytest.mark.parametrize("reason", ["", "标记人名要求", "13912345678来电要求"])
def test_the_reason_names_neither_the_person_nor_a_number(office, contact, reason):
    with pytest.raises(ValidationError) as refused:
        contact.anonymise(by=office, reason=reason)
    assert set(refused.value.error_dict) == {"reason"}
    assert Contact.objects.get().name == MARKED["name"]


@pytest.mark.parametrize("field", ["name", "title", "phone", "phone_key", "wechat", "email"])
def test_the_database_keeps_an_anonymised_contact_empty(office, contact, field):
    contact.anonymise(by=office, reason="本人要求")
    with pytest.raises(IntegrityError, match="contact_anonymised_is_empty"), transaction.atomic():
        Contact.objects.filter(pk=contact.pk).update(**{field: "x"})


def test_a_command_anonymises_one_contact(contact):
    out = StringIO()
    call_command("anonymise_contact", str(contact.pk), reason="本人书面要求", stdout=out)
    assert Contact.objects.get().name == ANONYMOUS
    assert AuditEntry.objects.get(action="ANONYMISED").door == "COMMAND"
    assert MARKED["name"] not in out.getvalue()
    with pytest.raises(CommandError):
        call_command("anonymise_contact", str(contact.pk), reason="再次")


def retain(**options) -> str:
    out = StringIO()
    call_command("retain", stdout=out, **options)
    return out.getvalue()


def test_retain_lists_first_and_empties_on_demand(specialist):
    late = make_contact(**MARKED, retain_until=today() - timedelta(days=1))
    courted = make_contact(name="在谈", retain_until=date(2024, 1, 1))
    make_lead(enterprise=courted.enterprise, contact=courted, owner=specialist)
    make_contact(name="今天", retain_until=today())
    listed = retain()
    assert (str(late.pk) in listed, late.enterprise.name in listed) == (True, True)
    assert [mark for mark in MARKED.values() if mark in listed] == []
    assert [str(courted.pk) in listed, "1" in listed.splitlines()[-1]] == [False, True]
    assert Contact.objects.exclude(anonymised_at=None).count() == 0

    retain(really=True)
    assert list(Contact.objects.exclude(anonymised_at=None)) == [late]
    assert AuditEntry.objects.filter(action="ANONYMISED", door="COMMAND").count() == 1
    again = retain(really=True)
    assert str(late.pk) not in again
    assert AuditEntry.objects.filter(action="ANONYMISED").count() == 1


@pytest.mark.parametrize("name", ["summary", "next_step"])
def test_a_follow_up_takes_no_number(specialist, name):
    lead = make_lead(owner=specialist)
    with pytest.raises(ValidationError) as refused:
        make_follow_up(lead=lead, by=specialist, **{name: "请拨 138 1234 5678"})
    assert set(refused.value.error_dict) == {name}


@pytest.mark.parametrize("name", ["title", "needs", "referrer"])
def test_a_lead_takes_no_number(name):
    with pytest.raises(ValidationError) as refused:
        make_lead(**{name: "找王总１３８１２３４５６７８"})
    assert set(refused.value.error_dict) == {name}


def test_a_reason_takes_no_number(as_user, specialist):
    lead = make_lead(owner=specialist)
    url = reverse("admin:crm_lead_release", args=[lead.pk])
    page = as_user(specialist).post(url, {"reason": "改拨 13812345678"})
    assert set(page.context["form"].errors) == {"reason"}
