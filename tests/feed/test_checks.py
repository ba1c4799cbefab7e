"""The check tells of a model that was forgotten and of triggers that came apart."""

import pytest
from django.core.checks import run_checks
from django.db import connection

from crm.models import Lead
from projects.models import Credit
from zone.feed.synced import Synced, entities, grounds
from zone.sync.checks import SYNC_CHECK

pytestmark = pytest.mark.django_db


def found() -> list[str]:
    problems = run_checks(tags=[SYNC_CHECK], databases=["default"])
    return [f"{problem.id} {problem.obj._meta.label}" for problem in problems]


def test_everything_is_as_the_models_say():
    assert found() == []


def test_the_names_and_numbers_of_the_contract():
    numbers = {name: model.SYNC.number for name, model in entities().items()}
    assert len({*numbers.values()}) == len(numbers)
    assert (
        numbers.items()
        >= {
            "chains": 1,
            "chain-segments": 2,
            "parks": 3,
            "buildings": 4,
            "spaces": 5,
            "enterprises": 6,
            "contacts": 7,
            "leads": 8,
            "follow-ups": 9,
            "projects": 10,
            "agreements": 11,
            "capital-arrivals": 12,
            "occupancies": 13,
            "targets": 14,
        }.items()
    )


@pytest.mark.parametrize(
    "statement",
    [
        "DROP TRIGGER feed_update ON crm_lead",
        "ALTER TABLE crm_lead DISABLE TRIGGER feed_delete",
        "CREATE OR REPLACE FUNCTION feed_crm_lead_insert() RETURNS trigger LANGUAGE plpgsql"
        " AS $$BEGIN RETURN NULL; END$$",
    ],
)
def test_a_trigger_that_is_missing_off_or_another_is_told(statement):
    with connection.cursor() as cursor:
        cursor.execute(statement)
    assert found() == ["zone.W202 crm.Lead"]


def test_a_declaration_that_changed_without_a_migration_is_told(monkeypatch):
    monkeypatch.setattr(Lead, "SYNC", Synced(8, "leads", paths=("chain", "owner")))
    # With a lead goes what belongs to it: its paths follow from the lead's.
    parts = (model for model in entities().values() if "lead" in model.BELONGS_TO)
    theirs = [model for model in parts if not model.SYNC.paths]
    assert found() == [f"zone.W202 {model._meta.label}" for model in (Lead, *theirs)]


def test_a_row_that_says_nothing_is_told(monkeypatch):
    monkeypatch.delattr(Credit, "SYNC")
    assert found() == ["zone.W201 projects.Credit"]


@pytest.mark.parametrize("path", ["owner__username", "enterprise__leads__chain"])
def test_a_path_whose_moves_nobody_would_tell_is_refused(monkeypatch, path):
    monkeypatch.setattr(Lead, "SYNC", Synced(8, "leads", paths=(path,)))
    with pytest.raises(TypeError, match=path):
        grounds(Lead)
