from datetime import date
from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction

from projects.models import Agreement
from projects.progress import monthly, progress, progress_by
from tests.factories import (
    make_agreement,
    make_chain,
    make_counted,
    make_credit,
    make_enterprise,
    make_occupancy,
    make_office,
    make_park,
    make_project,
    make_space,
    make_target,
    make_user,
)
from zone.calendar import time_progress
from zone.models import ZoneSetting

MARCH = date(2025, 3, 31)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def targets(db):
    make_target("SIGNED_AMOUNT", 2_390_000)
    make_target("SIGNED_PROJECTS", 40)
    make_target("PLATFORM_TENANTS", 80)


def amount(on=MARCH, **kwargs):
    return progress(2025, on, **kwargs).signed_amount


@pytest.mark.parametrize(
    ("on", "share"),
    [
        (date(2025, 1, 31), Decimal(1) / 12),
        (MARCH, Decimal(3) / 12),
        (date(2025, 12, 31), Decimal(1)),
        (date(2024, 2, 29), Decimal(2) / 12),
        (date(2025, 6, 15), (5 + Decimal("0.5")) / 12),
    ],
)
def test_a_months_end_is_exactly_m_of_12(on, share):
    assert time_progress(on.year, on) == share


def test_before_the_year_nothing_after_it_everything_has_gone_by():
    assert time_progress(2025, date(2024, 12, 31)) == 0
    assert time_progress(2025, date(2026, 1, 1)) == 1


@pytest.mark.parametrize(
    ("counted", "completion", "gap", "light"),
    [
        ("597500", "25.00", "0.00", "green"),
        ("597499", "25.00", "0.00", "green"),
        ("597000", "24.98", "-0.02", "blue"),
        ("358500", "15.00", "-10.00", "yellow"),
        ("358800", "15.01", "-9.99", "blue"),
    ],
)
def test_checked_values_at_the_end_of_march(counted, completion, gap, light):
    make_counted(counted)
    figure = amount()
    assert figure.completion == Decimal(completion)
    assert figure.time_progress == Decimal("25.00")
    assert figure.gap == Decimal(gap)
    assert figure.light == light


def test_exactly_30_points_behind_is_yellow_and_more_is_red():
    make_counted(Decimal("0.45") * 2_390_000)
    assert amount(date(2025, 9, 30)).light == "yellow"
    assert amount(date(2025, 10, 1)).light == "red"


def test_thresholds_are_settings():
    make_counted(358_500)
    ZoneSetting.objects.create(key="LIGHT_YELLOW_FROM", value=11)
    assert amount().light == "blue"


@pytest.mark.parametrize("kind", ["FRAMEWORK", "INTENT"])
def test_a_framework_of_5_billion_changes_nothing(kind):
    make_agreement(kind=kind, amount_wan=Decimal(500_000))
    assert amount().actual == 0
    assert amount().pending == 0


def test_the_database_refuses_to_recognise_a_framework():
    agreement = make_agreement(kind="FRAMEWORK")
    with pytest.raises(IntegrityError), transaction.atomic():
        Agreement.objects.filter(pk=agreement.pk).update(
            recognised_on=MARCH, recognised_by=make_user()
        )


def test_an_upgrade_counts_once_on_the_formal_date():
    framework = make_agreement(
        kind="FRAMEWORK", amount_wan=Decimal(500_000), signed_on=date(2025, 1, 10)
    )
    make_counted(500_000, date(2025, 3, 20), project=framework.project, upgrades=framework)
    assert amount(date(2025, 3, 19)).actual == 0
    assert amount(date(2025, 3, 20)).actual == 500_000
    assert progress(2025, MARCH).signed_projects.actual == 1


def test_two_recognised_formal_agreements_of_one_project_are_refused_by_the_database():
    first = make_counted(10_000)
    second = make_agreement(project=first.project)
    refused = pytest.raises(IntegrityError, match="agreement_one_recognised_formal")
    with refused, transaction.atomic():
        Agreement.objects.filter(pk=second.pk).update(
            recognised_on=MARCH, recognised_by=make_user()
        )


def test_a_supplement_adds_its_amount_on_its_own_date_and_no_project():
    formal = make_counted(10_000, date(2025, 1, 15))
    make_counted(3_000, date(2025, 2, 10), project=formal.project, kind="SUPPLEMENT")
    assert amount(date(2025, 1, 31)).actual == 10_000
    assert amount(date(2025, 2, 28)).actual == 13_000
    assert progress(2025, MARCH).signed_projects.actual == 1


def test_a_supplement_to_last_years_agreement_counts_in_its_own_year():
    formal = make_counted(10_000, date(2024, 6, 1))
    make_counted(3_000, date(2025, 2, 10), project=formal.project, kind="SUPPLEMENT")
    assert amount().actual == 3_000
    assert progress(2025, MARCH).signed_projects.actual == 0
    assert progress(2024, date(2024, 12, 31)).signed_amount.actual == 10_000


def test_a_supplement_without_a_counted_agreement_adds_nothing():
    formal = make_counted(10_000, exclusion_reason="LOCAL_INVESTOR")
    make_counted(3_000, project=formal.project, kind="SUPPLEMENT")
    assert amount().actual == 0


def test_an_excluded_agreement_counts_nowhere():
    make_counted(10_000, exclusion_reason="BELOW_FLOOR")
    make_agreement(exclusion_reason="LATER_PHASE")
    figures = progress(2025, MARCH)
    assert (figures.signed_amount.actual, figures.signed_amount.pending) == (0, 0)
    assert (figures.signed_projects.actual, figures.signed_projects.pending) == (0, 0)


def test_a_terminated_project_stays_in_the_count_of_its_year(office):
    agreement = make_counted(10_000)
    agreement.project.set_status("TERMINATED", by=office, reason="投资方退出")
    assert progress(2025, MARCH).signed_projects.actual == 1
    assert amount().actual == 10_000


def test_what_waits_for_recognition_is_shown_apart():
    make_agreement(amount_wan=Decimal(7_000))
    make_agreement(amount_wan=Decimal(9_000), signed_on=date(2025, 4, 1))
    assert (amount().actual, amount().pending) == (0, 7_000)
    assert progress(2025, MARCH).signed_projects.pending == 1


def test_what_can_never_be_recognised_does_not_wait(office):
    counted = make_counted(10_000)
    make_agreement(project=counted.project, amount_wan=Decimal(500))
    dead = make_agreement()
    dead.project.set_status("TERMINATED", by=office, reason="投资方退出")
    assert amount().pending == 0


def test_last_years_signings_and_later_days_do_not_count():
    make_counted(1_000, date(2024, 12, 31))
    make_counted(2_000, date(2025, 1, 1))
    make_counted(4_000, date(2025, 4, 1))
    assert amount().actual == 2_000


def test_no_target_has_no_completion_never_zero_per_cent():
    make_counted(1_000, date(2024, 2, 1))
    figure = progress(2024, date(2024, 12, 31)).signed_amount
    assert figure.actual == 1_000
    assert (figure.target, figure.completion, figure.gap, figure.light) == (None,) * 4


def test_key_projects_never_count_toward_the_target():
    make_project(key_level="PROVINCE", total_investment_wan=Decimal(200_000))
    assert progress(2025, MARCH).signed_projects.actual == 0


def test_chains_share_the_zones_total():
    energy, electronics = make_chain("new-energy"), make_chain("electronics")
    make_target("SIGNED_AMOUNT", 880_000, chain=energy)
    make_counted(6_000, project=make_project(chain=energy))
    make_counted(4_000, project=make_project(chain=electronics))
    by_chain = progress_by(2025, MARCH, "chain", [energy, electronics])
    assert [p.signed_amount.actual for p in by_chain] == [6_000, 4_000]
    assert by_chain[0].signed_amount.target == 880_000
    assert by_chain[1].signed_amount.completion is None
    assert amount(scope=energy).actual == 6_000


def test_specialists_get_their_share_of_amount_and_count():
    one, two = make_user(), make_user()
    agreement = make_counted(10_000)
    make_credit(project=agreement.project, specialist=one, share=Decimal(60))
    make_credit(project=agreement.project, specialist=two, share=Decimal(40))
    shares = progress_by(2025, MARCH, "specialist", [one, two])
    assert [p.signed_amount.actual for p in shares] == [6_000, 4_000]
    assert [p.signed_projects.actual for p in shares] == [Decimal("0.6"), Decimal("0.4")]


def test_a_tenant_is_an_enterprise_not_a_lease():
    platform = make_park(kind="PLATFORM")
    tenant = make_enterprise()
    for _ in range(2):
        make_occupancy(space=make_space(park=platform), enterprise=tenant)
    make_occupancy(space=make_space(park=platform), ends_before=date(2025, 3, 31))
    make_occupancy(space=make_space(park=platform), starts_on=date(2025, 4, 1))
    make_occupancy()
    assert progress(2025, MARCH).platform_tenants.actual == 1


def test_months_add_up_to_the_years_figure():
    make_counted(1_000, date(2025, 1, 10))
    make_counted(2_000, date(2025, 3, 31))
    months = monthly(2025, MARCH)
    assert [m.amount for m in months] == [1_000, 0, 2_000]
    assert [m.amount_so_far for m in months] == [1_000, 1_000, 3_000]
    assert [m.projects_so_far for m in months] == [1, 1, 2]
    assert months[-1].amount_so_far == amount().actual


@pytest.mark.parametrize("rows", [1, 30])
def test_queries_do_not_grow_with_the_rows(rows, django_assert_num_queries):
    chains = [make_chain(f"chain-{n}") for n in range(rows)]
    for chain in chains:
        make_counted(1_000, project=make_project(chain=chain))
    with django_assert_num_queries(4):
        progress(2025, MARCH)
    with django_assert_num_queries(4):
        progress_by(2025, MARCH, "chain", chains)


def test_the_office_recognises_and_the_figure_moves():
    office = make_office()
    agreement = make_agreement(amount_wan=Decimal(12_345), handled_by=make_user())
    agreement.recognise(by=office)
    assert amount().actual == 12_345
    agreement.withdraw(by=office, reason="合同有误")
    assert (amount().actual, amount().pending) == (0, 12_345)
