"""The sidebar says where one is, and leads nowhere that its reader may not go."""

import re

import pytest
from django.urls import reverse

from zone.navigation import open_entry


@pytest.mark.parametrize(
    ("query", "entry"),
    [("", ""), ("?whose=pool", "?whose=pool"), ("?whose=mine", ""), ("?whose=pool&q=a", "")],
)
def test_a_list_called_up_from_the_sidebar_is_marked_else_the_whole_list(rf, query, entry):
    leads = reverse("admin:crm_lead_changelist")
    assert open_entry(rf.get(leads + query)) == leads + entry


def test_the_pages_of_a_row_belong_to_its_list(rf):
    leads = reverse("admin:crm_lead_changelist")
    assert open_entry(rf.get(f"{leads}add/")) == leads


def test_a_page_outside_the_sidebar_marks_nothing(rf):
    assert open_entry(rf.get(reverse("account"))) == ""


def test_each_person_has_the_entries_of_their_own_rights(as_user, specialist, office):
    pages = [
        as_user(user).get(reverse("admin:crm_lead_changelist")) for user in (specialist, office)
    ]
    shown = [set(re.findall(r'<li><a href="([^"?]+)', page.text)) for page in pages]
    targets, leads = (reverse(f"admin:{name}_changelist") for name in ("zone_target", "crm_lead"))
    assert [targets in entries for entries in shown] == [False, True]
    assert [leads in entries for entries in shown] == [True, True]
    assert [page.text.count('class="active">线索</a>') for page in pages] == [1, 1]
