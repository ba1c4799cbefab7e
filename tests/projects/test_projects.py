from datetime import date
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction

from projects.models import Agreement, Credit, Project
from tests.factories import (
    make_agreement,
    make_counted,
    make_credit,
    make_enterprise,
    make_park,
    make_project,
    make_user,
)
from tests.racing import at_once
from zone.calendar import today
from zone.models import ZoneSetting

pytestmark = pytest.mark.django_db


@pytest.fixture
def by(db):
    return make_user()


def test_projects_are_numbered_by_year():
    year = today().year
    assert [make_project().code for _ in range(2)] == [f"CZGX-{year}-0001", f"CZGX-{year}-0002"]
    last = make_project()
    Project.objects.filter(pk=last.pk).update(code=f"CZGX-{year}-9999")
    assert make_project().code == f"CZGX-{year}-10000"


def test_a_number_is_not_given_again_after_a_deletion():
    make_project()
    last = make_project()
    code = last.code
    last.delete()
    assert make_project().code > code


@pytest.mark.django_db(transaction=True)
def test_two_at_once_are_given_two_numbers(db):
    codes = at_once(4, lambda _n: make_project().code)
    assert sorted(codes) == [f"CZGX-{today().year}-{n:04d}" for n in range(1, 5)]


def test_what_is_missing_blocks_the_stage_and_is_all_named(by):
    project = make_project(enterprise=None)
    with pytest.raises(ValidationError) as refused:
        project.advance(by=by)
    assert [error.code for error in refused.value.error_list] == ["gate", "gate"]
    assert len(project.missing_for("LANDED")) == 4
    project.refresh_from_db()
    assert project.stage == "RESERVED"
    assert project.stage_changes.count() == 0


def test_a_project_goes_its_way_with_a_history_row_for_each_step(by):
    enterprise = make_enterprise(uscc="91149999MA0000001C")
    project = make_project(
        enterprise=enterprise, park=make_park(), project_code="2503-140471-89-01-000019"
    )
    make_agreement(project=project)
    stages = ["SIGNED", "LANDED", "STARTED", "BUILDING", "PRODUCING", "AT_CAPACITY"]
    for stage in stages:
        project.advance(by=by, on=date(2025, 6, 1))
        assert Project.objects.get(pk=project.pk).stage == stage
    assert [c.to_stage for c in project.stage_changes.order_by("at")] == stages
    with pytest.raises(ValidationError):
        project.advance(by=by)


def test_a_skip_needs_a_reason_and_still_its_gates(by):
    project = make_project(enterprise=make_enterprise(uscc="91149999MA0000001C"))
    make_agreement(project=project)
    with pytest.raises(ValidationError) as refused:
        project.advance(by=by, to="LANDED")
    assert "reason" in refused.value.error_dict
    with pytest.raises(ValidationError) as refused:
        project.advance(by=by, to="LANDED", reason="同步办理")
    assert [error.code for error in refused.value.error_list] == ["gate"]


def test_going_back_is_possible_with_a_reason_and_logged(by):
    project = make_counted(1_000).project
    project.advance(by=by)
    with pytest.raises(ValidationError):
        project.advance(by=by, to="RESERVED")
    project.advance(by=by, to="RESERVED", reason="误操作")
    assert project.stage_changes.first().reason == "误操作"


@pytest.mark.parametrize("stage", ["NOWHERE", "RESERVED", ""])
def test_a_project_moves_to_another_of_its_stages_only(by, stage):
    """A stage that is none was once written, for nothing is missing for it."""
    project = make_project()
    with pytest.raises(ValidationError):
        project.advance(by=by, to=stage, reason="改")
    project.refresh_from_db()
    assert project.stage == "RESERVED"


def test_a_terminated_project_stays_so(by):
    project = make_project()
    with pytest.raises(ValidationError):
        project.set_status("TERMINATED", by=by, reason="")
    project.set_status("TERMINATED", by=by, reason="投资方退出")
    for change in (
        lambda: project.set_status("ACTIVE", by=by, reason="x"),
        lambda: project.advance(by=by),
    ):
        with pytest.raises(ValidationError):
            change()


def test_recognition_is_refused_with_its_cure(by):
    framework = make_agreement(kind="FRAMEWORK", amount_wan=None)
    own = make_agreement(handled_by=by)
    lonely = make_agreement(kind="SUPPLEMENT")
    dead = make_agreement()
    dead.project.set_status("TERMINATED", by=by, reason="投资方退出")
    codes = []
    for agreement in (framework, own, lonely, dead):
        with pytest.raises(ValidationError) as refused:
            agreement.recognise(by=by)
        codes.append(refused.value.code)
    assert codes == ["kind", "own", "no_formal", "terminated"]


def test_recognition_lies_between_the_signing_and_today(by):
    agreement = make_agreement(signed_on=date(2025, 3, 1))
    for on in (date(2025, 2, 28), date(today().year + 1, 1, 1)):
        with pytest.raises(ValidationError) as refused:
            agreement.recognise(by=by, on=on)
        assert "on" in refused.value.error_dict


def test_the_floor_of_the_office_is_held(by):
    ZoneSetting.objects.create(key="SIGNED_FLOOR_WAN", value=10_000)
    with pytest.raises(ValidationError) as refused:
        make_agreement(amount_wan=Decimal(9_999)).recognise(by=by)
    assert refused.value.code == "floor"
    make_agreement(amount_wan=Decimal(10_000)).recognise(by=by)


def test_an_exclusion_can_be_taken_back_and_both_are_history(by):
    agreement = make_agreement()
    agreement.exclude(by=by, exclusion="LATER_PHASE")
    with pytest.raises(ValidationError):
        agreement.recognise(by=by)
    agreement.include(by=by, reason="补充材料齐全")
    agreement.recognise(by=by)
    actions = agreement.changes.order_by("at").values_list("action", flat=True)
    assert list(actions) == ["EXCLUDED", "INCLUDED", "RECOGNISED"]


def test_a_formal_agreement_states_its_amount_and_is_not_from_the_future():
    with pytest.raises(ValidationError):
        Agreement(project=make_project(), kind="FORMAL", signed_on=date(2025, 3, 1)).full_clean()
    with pytest.raises(ValidationError):
        make_agreement(signed_on=date(today().year + 1, 1, 1))


def test_fixed_assets_stay_within_the_total():
    with pytest.raises(ValidationError):
        Project(
            name="项目", total_investment_wan=Decimal(1), fixed_asset_investment_wan=Decimal(2)
        ).full_clean()


def test_the_database_refuses_shares_above_100_per_cent():
    project = make_project()
    make_credit(project=project, specialist=make_user(), share=Decimal(60))
    Credit.objects.create(project=project, specialist=make_user(), share=Decimal(41))
    refused = pytest.raises(IntegrityError, match="at most 100")
    with refused, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    Credit.objects.all().delete()
