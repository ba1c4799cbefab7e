"""Personal numbers that leave unmasked are a line of the trail; masked ones are none."""

import pytest

from tests import factories
from zone.models import AuditEntry

NUMBER = "13812345678"


def lines() -> list[dict]:
    found = AuditEntry.objects.filter(action="EXPORTED").order_by("id")
    return list(found.values_list("door", "detail__what", "detail__rows"))


@pytest.mark.django_db
def test_each_page_of_plain_numbers_is_a_line_with_how_many(api):
    for _ in range(3):
        contact = factories.make_contact(phone=NUMBER)
    factories.make_contact(phone="")
    caller = api("contacts:read", "pii:read")
    assert NUMBER in caller.get("contacts").text
    assert NUMBER in caller.get(f"contacts/{contact.pk}").text
    assert lines() == [("API", "crm.contact", 3), ("API", "crm.contact", 1)]
    known = {"If-None-Match": f'"{contact.version}"'}
    assert caller.get(f"contacts/{contact.pk}", headers=known).status_code == 304
    assert len(lines()) == 2


@pytest.mark.django_db
def test_masked_numbers_are_no_line(api):
    contact = factories.make_contact(phone=NUMBER)
    caller = api("contacts:read", "enterprises:read")
    for path in ("contacts", f"contacts/{contact.pk}", "enterprises"):
        assert NUMBER not in caller.get(path).text
    assert lines() == []


@pytest.mark.django_db(transaction=True)
def test_numbers_of_the_feed_are_a_line_too(api):
    caller = api("contacts:read", "leads:read", "pii:read", "changes:read")
    cursor = caller.get("changes", **{"from": "now"}).json()["next_cursor"]
    contact = factories.make_contact(phone=NUMBER)
    factories.make_lead(enterprise=contact.enterprise)
    assert NUMBER in caller.get("changes", cursor=cursor).text
    assert lines() == [("API", "crm.contact", 1)]
