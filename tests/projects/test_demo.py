"""The demo: one believable invented year, marked as such, and removable without a trace."""

import re
from datetime import date
from decimal import Decimal
from io import StringIO

import pytest
from django.contrib.auth.password_validation import validate_password
from django.core.management import CommandError, call_command
from django.db import transaction
from django.db.models import F

from crm.intake import log_lead
from crm.models import Contact, Enterprise, FollowUp, Lead
from projects import facts
from projects.demo import clearing, loading
from projects.demo.rows import demo_models, references
from projects.models import Agreement, Credit, Occupancy, Project
from projects.progress import progress, progress_by
from tests import factories
from zone import identifiers
from zone.access.roles import ROLES
from zone.calendar import local_date
from zone.login.demo import DEMO_PASSWORD
from zone.models import Appointment, AuditEntry, ChainSegment, IndustryChain, User

pytestmark = pytest.mark.slow

SAMPLE = 12  # every twelfth row is checked in full


@pytest.fixture(scope="module")
def loaded(django_db_setup, django_db_blocker):
    """Load the demo once; each test then works in a savepoint of its own."""
    with django_db_blocker.unblock(), transaction.atomic():
        facts.load()
        loading.load()
        yield
        transaction.set_rollback(True)


@pytest.fixture
def demo(loaded, db):
    """The facts and the demo."""


def rows_by_model() -> dict:
    return {
        model._meta.label: dict(model.objects.values_list("pk", "is_demo"))
        for model in demo_models()
    }


@pytest.mark.slow
def test_its_rows_are_valid(demo):
    for model in demo_models():
        for row in model.objects.filter(is_demo=True).order_by("pk")[::SAMPLE]:
            row.full_clean()


def test_its_size(demo):
    assert Enterprise.objects.filter(is_demo=True).count() == 300
    assert Lead.objects.count() == 600
    assert set(Lead.objects.values_list("stage", flat=True)) == set(Lead.Stage.values)
    assert 5 <= Lead.objects.pool().count() <= 20
    assert FollowUp.objects.filter(lead__isnull=False).count() > 600


def test_credit_codes_have_right_check_digits_of_a_region_that_does_not_exist(demo):
    codes = set(Enterprise.objects.exclude(uscc=None).values_list("uscc", flat=True))
    assert len(codes) == 250
    for code in codes:
        identifiers.check_uscc(code)
        assert code.startswith("91149999")


def test_names_say_that_they_are_examples(demo):
    names = [
        *Enterprise.objects.filter(is_demo=True).values_list("name", flat=True),
        *Project.objects.filter(is_demo=True).values_list("name", flat=True),
        *Contact.objects.values_list("name", flat=True),
        *Lead.objects.values_list("title", flat=True),
        *User.objects.values_list("display_name", flat=True),
    ]
    assert [name for name in names if not name.startswith("示例")] == []


def test_its_telephones_reach_nobody(demo):
    phones = Contact.objects.values_list("phone", flat=True)
    assert [phone for phone in phones if not re.fullmatch(r"0355-000\d{4}", phone)] == []


def test_nothing_of_it_is_said_of_a_real_company_or_project(demo):
    for model in (Lead, Project, Occupancy, Contact):
        assert not model.objects.filter(is_demo=True, enterprise__is_demo=False).exists()
    assert not Agreement.objects.filter(project__is_demo=False).exists()


def test_an_account_for_every_role_opens_with_the_demo_password(demo, client):
    assert {post.role.lower() for post in Appointment.objects.filter(is_demo=True)} == set(ROLES)
    validate_password(DEMO_PASSWORD)
    login = {"username": "office", "password": DEMO_PASSWORD}
    assert client.post("/admin/login/", login)["Location"] == "/"
    assert client.get("/admin/").status_code == 200
    assert not User.objects.filter(is_superuser=False, appointments=None).exists()


def test_two_of_the_office_so_that_one_recognises_what_the_other_handles(demo):
    assert User.objects.filter(appointments__role="OFFICE").count() == 2
    recognised = Agreement.objects.exclude(recognised_by=None)
    assert not recognised.filter(recognised_by=F("handled_by")).exists()
    for person in User.objects.filter(appointments__role="OFFICE"):
        theirs = recognised.filter(recognised_by=person).with_work_of(person)
        assert (theirs.exists(), theirs.exclude(work="").exists()) == (True, False)
        waiting = Agreement.objects.pending().with_work_of(person)
        assert any(agreement.can_recognise(person) for agreement in waiting)
    assert recognised.filter(handled_by__appointments__role="OFFICE").exists()


@pytest.mark.parametrize(
    ("on", "amount_yi", "projects", "waiting", "tenants"),
    [
        (date(2025, 3, 31), "34.9", 7, 1, 39),
        (date(2025, 6, 30), "107.7", 18, 2, 50),
        (date(2025, 9, 30), "172", 27, 3, 61),
        (date(2025, 12, 31), "232", 39, 6, 71),
    ],
)
def test_a_believable_year(demo, on, amount_yi, projects, waiting, tenants):
    figures = progress(2025, on)
    assert figures.signed_amount.actual == Decimal(amount_yi) * 10_000
    assert figures.signed_projects.actual == projects
    assert figures.signed_projects.pending == waiting
    assert figures.platform_tenants.actual == tenants


def test_chains_and_specialists_add_up_to_the_zone(demo):
    on = date(2025, 12, 31)
    whole = progress(2025, on).signed_amount.actual
    chains = progress_by(2025, on, "chain", IndustryChain.objects.all())
    specialists = progress_by(
        2025, on, "specialist", User.objects.filter(appointments__role="SPECIALIST")
    )
    assert sum(one.signed_amount.actual for one in chains) == whole
    assert sum(one.signed_amount.actual for one in specialists) == whole
    assert len({one.signed_amount.light for one in chains}) > 1


def test_something_of_everything(demo):
    kinds = set(Agreement.objects.values_list("kind", flat=True))
    assert kinds == set(Agreement.Kind.values)
    assert Agreement.objects.exclude(exclusion_reason="").count() == 4
    assert Agreement.objects.exclude(upgrades=None).exists()
    statuses = set(Project.objects.filter(is_demo=True).values_list("status", flat=True))
    assert statuses == set(Project.Status.values)
    assert set(Credit.objects.values_list("share", flat=True)) == {40, 60, 100}
    assert Occupancy.objects.filter(period__endswith__lte=date(2025, 12, 31)).exists()
    assert Occupancy.objects.filter(period__upper_inf=True).exists()


def test_a_lead_and_its_history_agree(demo):
    for lead in Lead.objects.prefetch_related("stage_changes", "owner_changes")[:60]:
        steps = sorted(
            lead.stage_changes.all(), key=lambda step: list(Lead.Stage).index(step.to_stage)
        )
        assert lead.stage in {step.to_stage for step in steps}
        days = [step.on for step in steps]
        assert days == sorted(days)
        assert local_date(lead.registered_at) == days[0]
        last = max(lead.owner_changes.all(), key=lambda change: (change.on, change.reason))
        assert last.to_owner_id == lead.owner_id


def test_loading_again_changes_nothing(demo):
    before, out = rows_by_model(), StringIO()
    call_command("load_demo", stdout=out)
    assert rows_by_model() == before
    assert out.getvalue().strip()


@pytest.mark.slow
def test_clearing_leaves_the_trail_of_the_demo_people(demo):
    person = User.objects.get(username="office")
    AuditEntry.objects.record(AuditEntry.Action.LOGIN, by=person)
    clearing.clear()
    assert AuditEntry.objects.get(action="LOGIN").by_name == person.name_and_account


def test_a_login_of_a_demo_account_does_not_keep_it_and_its_line_stays(demo, client):
    login = {"username": "office", "password": DEMO_PASSWORD}
    assert client.post("/admin/login/", login).status_code == 302
    clearing.clear()
    line = AuditEntry.objects.get(action="LOGIN")
    assert line.by_name.startswith("示例")
    assert not User.objects.filter(pk=line.by_id).exists()


def test_a_real_row_on_demo_data_refuses_and_nothing_is_removed(demo):
    enterprise = Enterprise.objects.filter(is_demo=True).first()
    factories.make_lead(
        title="真实线索", enterprise=enterprise, chain=IndustryChain.objects.first()
    )
    before = rows_by_model()
    with pytest.raises(CommandError) as refused:
        call_command("clear_demo")
    assert "真实线索" in str(refused.value)
    assert enterprise.name in str(refused.value)
    assert rows_by_model() == before


def test_a_real_row_that_would_only_be_emptied_refuses_too(demo):
    segment = ChainSegment.objects.first()
    lead = factories.make_lead(chain=segment.chain, segment=segment)
    with pytest.raises(clearing.RealRowsInTheWay) as refused:
        clearing.clear()
    assert [blocker.rows for blocker in refused.value.blockers] == [[lead]]


def test_real_work_of_a_demo_account_keeps_its_author_locked(demo):
    person = User.objects.get(username="specialist1")
    chain = IndustryChain.objects.get(code="electronics")
    lead = Lead(title="真实线索", chain=chain, source="OWN", planned_investment_wan=Decimal(100))
    log_lead(lead, by=person, enterprise_name="真实企业有限公司")
    with pytest.raises(clearing.RealRowsInTheWay):
        clearing.clear()
    clearing.clear(keep_people=True)
    kept = User.objects.get()
    assert (kept, kept.is_demo, kept.is_active) == (person, False, False)
    assert not kept.check_password(DEMO_PASSWORD)
    assert Lead.objects.get().owner == person
    assert not loading.is_loaded()


def test_whoever_refers_to_others_is_removed_before_them():
    order = demo_models()
    for model in order:
        for field in references(model):
            if field.related_model is not model:
                assert order.index(model) < order.index(field.related_model)


def test_of_an_investor_one_open_lead_stands_alone(demo):
    open_leads = Lead.objects.open().order_by("registered_at")
    alone = open_leads.filter(override_reason="").values_list("enterprise", flat=True)
    assert len(alone) == len(set(alone)) > 0
