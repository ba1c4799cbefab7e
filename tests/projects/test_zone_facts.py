"""The zone's published facts: exactly what was published, and never over the office's work."""

from datetime import date
from decimal import Decimal
from io import StringIO

import pytest
from django.core.management import call_command
from django.db import transaction

from crm.models import Enterprise
from projects import facts
from projects.models import Agreement, Project
from projects.progress import progress
from zone.models import AuditEntry, Fund, IndustryChain, Park, PublishedFigure, Target

BLANK = (None, "", False)
PUBLISHED = {
    (2024, "铺开重点项目", "个"): 68,
    (2024, "铺开重点项目", "亿元"): 422,
    (2024, "铺开重点项目：其中山西省重点工程项目", "个"): 10,
    (2024, "铺开重点项目：其中山西省重点工程项目", "亿元"): 157,
    (2024, "铺开重点项目：其中产业类项目", "个"): 45,
    (2024, "铺开重点项目：其中产业类项目", "亿元"): 351,
    (2025, "深度谋划项目", "个"): 109,
    (2025, "深度谋划项目", "亿元"): 466,
    (2025, "深度谋划项目年度计划投资", "亿元"): 165,
    (2025, "山西省级及以上创新平台", "家"): 33,
    (2025, "消费品特色园区领军企业", "家"): 3,
    (2025, "电子信息建成投产并小升规项目", "个"): 10,
}
# name: chain, company, total investment in 万元, stage
PROJECTS = {
    "年产10万吨磷酸锰铁锂正极材料项目": ("new-energy", None, 200_000, "BUILDING"),
    "年产4万吨锂电负极材料项目": ("new-energy", None, None, "BUILDING"),
    "安博泰克创新药物研发和产业化项目": (
        "biomedicine",
        "安博泰克药业有限公司",
        150_000,
        "BUILDING",
    ),
    "高端装备制造产业园": ("equipment", None, None, "BUILDING"),
    "金属表面处理产业园项目": (
        "equipment",
        "山西宏达聚益机械设备股份有限公司",
        None,
        "BUILDING",
    ),
    "光益生无创光疗设备产业化项目": (
        "biomedicine",
        "山西光益生科技有限公司",
        None,
        "PRODUCING",
    ),
    "凯松电子高端电容材料": ("electronics", "凯松电子", None, "PRODUCING"),
    "华耀亿嘉集成电路": ("electronics", "华耀亿嘉", None, "PRODUCING"),
    "康运达智能锁": ("electronics", "康运达", None, "PRODUCING"),
    "晨曦负极材料": (None, "晨曦", None, "RESERVED"),
    "低碳可再生能源综合利用": (None, None, None, "RESERVED"),
}
# name: chain, where it is stated
COMPANIES = {
    "安博泰克药业有限公司": "biomedicine",
    "山西光益生科技有限公司": "biomedicine",
    "山西宏达聚益机械设备股份有限公司": "equipment",
    "山西潞安太阳能科技有限责任公司": None,
    "潞安化工集团": None,
    "中兵长智科技有限责任公司": None,
    "山西中科潞安紫外光电科技有限公司": None,
    "山西华微紫外半导体科技有限公司": None,
    "山西矩星超硬工具制品有限公司": None,
    "凯松电子": "electronics",
    "华耀亿嘉": "electronics",
    "康运达": "electronics",
    "晨曦": None,
}


@pytest.fixture(scope="module")
def loaded(django_db_setup, django_db_blocker):
    """Load the facts once; each test then works in a savepoint of its own."""
    with django_db_blocker.unblock(), transaction.atomic():
        facts.load()
        yield
        transaction.set_rollback(True)


@pytest.fixture
def zone(loaded, db):
    """The facts."""


def versions():
    return {
        (kind.section, row.pk): row.version
        for kind in facts.KINDS
        for row in kind.model.objects.all()
    }


def code_of(chain):
    return chain and chain.code


def test_published_figures_are_those_of_the_article(zone):
    found = {
        (figure.year, figure.indicator, figure.unit): figure.value
        for figure in PublishedFigure.objects.all()
    }
    assert found == PUBLISHED


def test_inexact_figures_say_so(zone):
    notes = {figure.indicator: figure.note for figure in PublishedFigure.objects.exclude(note="")}
    assert "3–5家" in notes["消费品特色园区领军企业"]
    assert "10多个" in notes["电子信息建成投产并小升规项目"]


def test_every_figure_names_its_source(zone):
    assert not PublishedFigure.objects.filter(source="").exists()
    assert not Target.objects.filter(source="").exists()


def test_targets_are_239_yi_40_projects_and_80_tenants(zone):
    found = {
        (row.year, row.measure, row.chain, row.specialist, row.park): row.value
        for row in Target.objects.all()
    }
    assert found == {
        (2025, "SIGNED_AMOUNT", None, None, None): Decimal(2_390_000),
        (2025, "SIGNED_PROJECTS", None, None, None): Decimal(40),
        (2025, "PLATFORM_TENANTS", None, None, None): Decimal(80),
    }


def test_four_chains(zone):
    assert list(IndustryChain.objects.values_list("code", "name")) == [
        ("electronics", "电子信息"),
        ("equipment", "装备制造"),
        ("biomedicine", "生物医药及大健康"),
        ("new-energy", "新能源"),
    ]


def test_parks_and_the_phases_as_published(zone):
    assert list(Park.objects.filter(parent=None).values_list("name", "kind")) == [
        ("绿电产业园区", "FEATURED"),
        ("消费品特色园区", "FEATURED"),
        ("国际合作园区", "FEATURED"),
        ("锂电产业园", "INDUSTRIAL"),
        ("高端装备制造产业园", "INDUSTRIAL"),
        ("金属表面处理产业园", "INDUSTRIAL"),
        ("晋创谷·长治", "PLATFORM"),
    ]
    assert list(Park.objects.exclude(parent=None).values_list("parent__name", "status")) == [
        ("高端装备制造产业园", "建成投产"),
        ("高端装备制造产业园", "建设中"),
        ("高端装备制造产业园", "建设中"),
        ("高端装备制造产业园", "建设中"),
    ]


def test_four_funds(zone):
    assert set(Fund.objects.values_list("name", flat=True)) == {
        "产业投资促进基金",
        "科技创新发展基金",
        "创业投资基金",
        "人才创业投资基金",
    }


def test_thirteen_companies_with_only_the_stated(zone):
    companies = Enterprise.objects.select_related("chain")
    assert {one.name: code_of(one.chain) for one in companies} == COMPANIES
    unstated = ("uscc", "industry_code", "origin_region", "scale", "address", "is_chain_leader")
    for company in companies:
        assert {getattr(company, name) for name in unstated} <= set(BLANK), company
        assert company.registered_capital_wan is None


def test_eleven_projects_with_only_the_stated(zone):
    projects = Project.objects.select_related("chain", "enterprise").order_by("code")
    assert {
        one.name: (
            code_of(one.chain),
            one.enterprise and one.enterprise.name,
            one.total_investment_wan,
            one.stage,
        )
        for one in projects
    } == PROJECTS
    assert [one.code for one in projects] == [f"CZGX-2025-{n:04d}" for n in range(1, 12)]
    unstated = ("fixed_asset_investment_wan", "project_code", "lead", "handler", "planned_start_on")
    for project in projects:
        assert [getattr(project, name) for name in unstated] == [None] * 5, project
        assert project.published_status
        assert project.key_level == Project.KeyLevel.ZONE


def test_only_the_cathode_project_has_a_stated_place(zone):
    placed = Project.objects.exclude(park=None).values_list("name", "park__name")
    assert list(placed) == [("年产10万吨磷酸锰铁锂正极材料项目", "锂电产业园")]


def test_named_projects_never_count_toward_the_target(zone):
    figures = progress(2025, date(2025, 12, 31))
    assert figures.signed_amount.target == 2_390_000
    assert figures.signed_amount.actual == figures.signed_amount.pending == 0
    assert figures.signed_projects.actual == figures.signed_projects.pending == 0
    assert figures.platform_tenants.actual == 0
    assert not Agreement.objects.exists()


def test_nothing_published_is_demo_data(zone):
    for kind in facts.KINDS:
        assert not kind.model.objects.filter(is_demo=True).exists()


def test_loading_again_changes_nothing(zone):
    before = versions()
    counts = facts.load()
    assert [count.created for count in counts] == [0] * len(facts.KINDS)
    assert versions() == before


def test_what_the_office_edited_stays(zone):
    company = Enterprise.objects.get(name="晨曦")
    company.name = "示例晨曦新名字有限公司"
    company.save()
    project = Project.objects.get(name="晨曦负极材料")
    project.total_investment_wan = Decimal(5000)
    project.save()
    Target.objects.filter(measure="SIGNED_PROJECTS").update(value=45)
    facts.load()
    assert Enterprise.objects.count() == 13
    assert Project.objects.get(pk=project.pk).total_investment_wan == 5000
    assert Target.objects.get(measure="SIGNED_PROJECTS").value == 45


def test_what_was_deleted_in_the_admin_stays_deleted_until_restored(zone):
    project = Project.objects.get(name="低碳可再生能源综合利用")
    AuditEntry.objects.record(AuditEntry.Action.DELETED, of=project)
    project.delete()
    out = StringIO()
    call_command("load_zone", stdout=out)
    assert Project.objects.count() == 10
    call_command("load_zone", restore=True, stdout=out)
    assert Project.objects.count() == 11


def test_a_deleted_fact_leaves_what_named_it_without_it(zone):
    chain = IndustryChain.objects.get(code="biomedicine")
    Project.objects.filter(chain=chain).delete()
    Enterprise.objects.filter(chain=chain).delete()
    AuditEntry.objects.record(AuditEntry.Action.DELETED, of=chain)
    chain.delete()
    facts.load()
    assert Enterprise.objects.get(name="山西光益生科技有限公司").chain is None
