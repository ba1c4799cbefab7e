"""What a label says of an agreement is what the sums make of it."""

import random
from datetime import date, timedelta

import pytest
from django.urls import reverse

from projects.models import Agreement
from tests import factories
from zone.navigation import record_url

pytestmark = pytest.mark.django_db
COUNTS, WAITS = "已认定", "待认定"


@pytest.fixture
def ledger(db):
    """Agreements of every kind and state on a few projects."""
    chance = random.Random(3)
    for _ in range(12):
        project = factories.make_project(status=chance.choice(["ACTIVE", "ACTIVE", "TERMINATED"]))
        has_formal = False
        for _ in range(5):
            kind = chance.choice(["FORMAL", "SUPPLEMENT", "FRAMEWORK"])
            day = date(2025, 1, 1) + timedelta(chance.randrange(200))
            recognised = kind == "SUPPLEMENT" or (kind == "FORMAL" and not has_formal)
            recognised = recognised and chance.random() < 0.6
            has_formal |= recognised and kind == "FORMAL"
            factories.make_agreement(
                project=project,
                kind=kind,
                amount_wan=1_000,
                signed_on=day,
                recognised_on=day if recognised else None,
                exclusion_reason=chance.choice(["", "", "LATE_REPORT"]),
            )
    return Agreement.objects.all()


def test_the_label_is_the_sum_s(ledger):
    words = {row.pk: row.state_words for row in ledger}
    rows = Agreement.objects.all()
    assert set(rows.counted_amounts().values_list("pk", flat=True)) == {
        pk for pk, said in words.items() if said == COUNTS
    }
    assert set(rows.pending().values_list("pk", flat=True)) == {
        pk for pk, said in words.items() if said == WAITS
    }
    assert {row.pk: row.state_words for row in rows.with_standing()} == words
    assert len(set(words.values())) == 6


def test_a_supplement_says_that_its_formal_agreement_counts_no_longer(as_user, office):
    formal = factories.make_counted(50_000)
    supplement = factories.make_agreement(
        project=formal.project,
        kind="SUPPLEMENT",
        amount_wan=1_000,
        signed_on=formal.signed_on,
        recognised_on=formal.signed_on,
    )
    assert supplement.state_words == COUNTS
    formal.exclude(by=office, exclusion="LATE_REPORT")
    client = as_user(office)
    address = reverse("admin:projects_agreement_changelist")
    assert "已认定，暂不计入" in client.get(address).text
    assert (
        "已认定，暂不计入" in client.get(record_url(type(formal.project), formal.project_id)).text
    )
