"""Loading the demo onto the facts, and clearing it away again."""

from io import StringIO

import pytest
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command

from crm.models.visits import Visit
from projects import facts
from projects.demo import loading
from projects.demo.data import DemoData
from projects.demo.rows import demo_models
from tests import factories
from zone.models import IndustryChain, Target, User


@pytest.fixture
def zone(db):
    facts.load()


def rows_by_model() -> dict:
    return {
        model._meta.label: dict(model.objects.values_list("pk", "is_demo"))
        for model in demo_models()
    }


def told() -> list[dict]:
    """Tell the data without saving it, but for the password's salt and the database's defaults."""
    data = DemoData()
    loading.build(data)
    own = {"password", "version", "updated_at"}
    return [
        {
            field.attname: str(getattr(row, field.attname))
            for field in row._meta.concrete_fields
            if field.attname not in own
        }
        for model, rows in data.rows.items()
        for row in rows
    ]


@pytest.mark.slow
def test_every_row_it_makes_is_marked(zone):
    before = rows_by_model()
    call_command("load_demo", stdout=StringIO())
    for label, rows in rows_by_model().items():
        assert {pk for pk, is_demo in rows.items() if not is_demo} == set(before[label]), label


@pytest.mark.slow
def test_the_same_story_every_time(zone):
    assert told() == told()


@pytest.mark.slow
def test_clearing_leaves_exactly_what_was_there_before(zone):
    real = factories.make_lead(chain=IndustryChain.objects.first())
    before = rows_by_model()
    call_command("load_demo", stdout=StringIO())
    call_command("clear_demo", stdout=StringIO())
    assert rows_by_model() == before
    real.refresh_from_db()
    assert real.version == 1


@pytest.mark.slow
def test_targets_the_office_has_set_are_respected(zone):
    chain = IndustryChain.objects.get(code="electronics")
    factories.make_target("SIGNED_AMOUNT", 100, chain=chain)
    loading.load()
    assert not Target.objects.filter(is_demo=True, chain__isnull=False).exists()
    assert Target.objects.filter(is_demo=True, specialist__isnull=False).exists()


def test_it_needs_the_facts_first(db):
    with pytest.raises(CommandError):
        call_command("load_demo")
    assert not User.objects.exists()


def test_it_refuses_where_a_user_name_is_taken(zone):
    factories.make_user(username="specialist1")
    with pytest.raises(ValidationError, match="specialist1"):
        loading.load()


def test_a_real_visit_that_showed_demo_premises_stands_in_the_way(db):
    space = factories.make_space(is_demo=True)
    enterprise = factories.make_enterprise(name="甲有限公司")
    visit = Visit.objects.create(enterprise=enterprise, kind="RECEIVED", visitors=1, summary="看厂")
    visit.spaces.add(space)
    with pytest.raises(CommandError, match="来访接待 → "):
        call_command("clear_demo", stdout=StringIO())
    assert visit.spaces.get() == space
    Visit.objects.update(is_demo=True)
    call_command("clear_demo", stdout=StringIO())
    assert not Visit.objects.exists()
