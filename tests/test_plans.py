"""How PostgreSQL reads the lists: by indexes for every role, at any size.

A subquery is hashed while its ids fit in ``work_mem``, and a small table is read as a whole. 12,000
leads with a fiftieth of that memory, pages that cost as much to read in order as eighty, and as
many of what is looked at, stand for a million.
"""

import json

import pytest
from django.contrib.admin import site
from django.contrib.admin.templatetags.admin_urls import admin_urlname
from django.db import connection
from django.db.models import Q
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from crm.models import Contact, Enterprise, FollowUp, Lead
from projects.management.seeding import PEOPLE_BY_ROLE, seed
from projects.models import Agreement, Occupancy, Project
from zone.access.row_access import row_access
from zone.database import reading
from zone.models import User

pytestmark = [pytest.mark.slow, pytest.mark.django_db]
LISTS = (Lead, Enterprise, Contact, FollowUp, Project, Agreement, Occupancy)
LARGE = {model._meta.db_table for model in LISTS} - {Occupancy._meta.db_table}
ROLES = {**PEOPLE_BY_ROLE, "service agent": "bench20"}


@pytest.fixture(scope="module")
def rows(django_db_setup, django_db_blocker):
    with django_db_blocker.unblock():
        from django.db import transaction

        with transaction.atomic():
            seed(12_000)
            with connection.cursor() as cursor:
                cursor.execute("SET LOCAL work_mem = '80kB'")
                cursor.execute("SET LOCAL seq_page_cost = 80")
            yield
            transaction.set_rollback(True)


def faults(sql: str, params=None) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (FORMAT JSON) {sql}", params)
        [[found]] = cursor.fetchall()
    plan = json.loads(found) if isinstance(found, str) else found
    return list(walk(plan[0]["Plan"], again=False))


def walk(node: dict, *, again: bool):
    """Yield what reads a large table anew for each row of another, and what reads all for few."""
    again |= node.get("Parent Relationship") == "SubPlan" and not is_hashed(node)
    table, kind = node.get("Relation Name"), node["Node Type"]
    if kind == "Materialize" and again:
        yield f"reads {node['Plan Rows']} rows kept aside for each row"
    if kind == "Seq Scan" and table in LARGE:
        if again:
            yield f"reads all of {table} for each row"
        elif node["Plan Rows"] < 100:
            yield f"reads all of {table} for {node['Plan Rows']} rows"
    for below in node.get("Plans", ()):
        below["hashes"] = node.get("hashes", "") + text_of(node)
        yield from walk(below, again=again)


def text_of(node: dict) -> str:
    return " ".join(str(value) for key, value in node.items() if key != "Plans")


def is_hashed(node: dict) -> bool:
    return f"hashed {node.get('Subplan Name', '')}" in node.get("hashes", "")


@pytest.mark.parametrize("model", LISTS, ids=lambda model: model.__name__)
@pytest.mark.parametrize("role", ROLES)
def test_no_list_reads_a_table_again_and_again_or_all_of_it_for_few(
    rows, client, monkeypatch, role, model
):
    monkeypatch.setattr(reading, "AT_MOST", reading.AT_MOST // 80)
    monkeypatch.setattr(reading, "FIRST", reading.FIRST // 80)
    client.force_login(User.objects.get(username=ROLES[role]))
    address = reverse(admin_urlname(model._meta, "changelist"))
    for query in ("", "?q=储能材料", "?q=传感", "?q=储能材料77"):
        with CaptureQueriesContext(connection) as seen:
            status = client.get(address + query).status_code
        assert status in (200, 403)
        read = [found["sql"] for found in seen if found["sql"].startswith("SELECT")]
        found = {sql: faults(sql.replace("%", "%%")) for sql in read}
        assert [(wrong, sql[-300:]) for sql, wrong in found.items() if wrong] == []


def test_the_judge_sees_a_subquery_under_an_or(rows):
    access = row_access(User.objects.get(username=ROLES["chain leader"]))
    leads = Lead.objects.within(access).order_by().values("pk")
    asked = FollowUp.objects.filter(Q(by=access.user) | Q(lead__in=leads)).order_by("-happened_on")
    assert faults(*asked[:50].query.sql_with_params())


def test_the_judge_sees_a_search_without_an_index(rows):
    asked = Lead.objects.filter(needs__icontains="没有这样").order_by()
    assert faults(*asked.query.sql_with_params())


def test_all_models_with_much_in_them_are_judged():
    assert {model for model in LISTS if model in site._registry} == {*LISTS}
