"""The sidebar says where one is."""

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
