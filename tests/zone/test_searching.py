"""What is searched is found however wide it and the term are written."""

import pytest
from django.db import connection
from django.urls import reverse

from crm.models import Contact, Enterprise, FollowUp, Lead
from projects.models import Project
from tests import factories
from tests.forms import fields
from zone.database.folding import Folded, holds
from zone.database.plans import with_rows
from zone.database.search import search
from zone.identifiers import folded

pytestmark = pytest.mark.django_db
CODE = "91149999MA0000001C"
SPELLINGS = (
    ("检索（长治）有限公司", ("检索（长治）", "检索(长治)", "检索 （长治）", "索（", "治)")),
    ("检索(长治)有限公司", ("检索（长治）", "检索(长治)", '"检索 (长治)"')),
    ("年产２万吨ＬＦＰ项目", ("年产2万吨", "年产２万吨", "2万", "lfp", "ｌｆｐ")),
    ("年产2万吨LFP 项目", ("年产２万吨", "ＬＦＰ项目", "lfp 项目")),
)


def kept(name: str):
    """Return a lead in whose rows everything searched reads ``name``."""
    enterprise = factories.make_enterprise(name=name, uscc=CODE)
    lead = factories.make_lead(title=name, enterprise=enterprise)
    factories.make_contact(name=name, enterprise=enterprise)
    factories.make_follow_up(lead=lead, summary=name, by=factories.make_user())
    factories.make_project(name=name, enterprise=enterprise)
    return lead


@pytest.mark.parametrize(("name", "terms"), SPELLINGS)
def test_a_name_is_found_in_every_list_and_chooser_however_it_is_written(
    as_user, office, name, terms
):
    kept(name)
    client = as_user(office)
    for model in (Lead, Enterprise, Contact, FollowUp, Project):
        address = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
        for term in terms:
            page = client.get(address, {"q": term})
            assert len(page.context["cl"].result_list) == 1, (model, term)
    asked = {"app_label": "crm", "model_name": "lead", "field_name": "enterprise"}
    for term in terms:
        found = client.get(reverse("admin:autocomplete"), asked | {"term": term}).json()
        assert len(found["results"]) == 1, term


@pytest.mark.parametrize(
    "term", [CODE, CODE.lower(), "９１１４９９９９ＭＡ００００００１Ｃ", "91149999 MA00 0000 1C"]
)
def test_a_credit_code_is_found_in_any_width_and_with_blanks(as_user, office, term):
    kept("某公司")
    page = as_user(office).get(reverse("admin:crm_enterprise_changelist"), {"q": term})
    assert len(page.context["cl"].result_list) == 1


def test_the_trail_is_searched_alike(as_user, office):
    auditor = factories.make_user("auditor")
    enterprise = factories.make_enterprise(name="检索（长治）有限公司")
    address = reverse("admin:crm_enterprise_change", args=[enterprise.pk])
    client = as_user(office)

    assert (
        client.post(address, fields(client.get(address)) | {"address": "长治"}).status_code == 302
    )
    page = as_user(auditor).get(reverse("admin:zone_auditentry_changelist"), {"q": "检索(长治)"})
    assert len(page.context["cl"].result_list) == 1


def test_signs_of_patterns_are_looked_for_and_mean_nothing_else():
    factories.make_lead(title="１００％出资")
    factories.make_lead(title="1000万出资")
    for term in ("100%", "１００％", "00%"):
        assert search(Lead.objects.all(), ("title",), term).count() == 1
    assert search(Lead.objects.all(), ("title",), "100_万").count() == 0


def test_the_database_folds_as_python_does():
    text = "检索（长治）年产２万吨 ＡＢＣ　㈠ ① ｿﾆｰ ﬃ Ⅳ é"
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {Folded.template % {'expressions': '%s'}}", [text])
        assert cursor.fetchone() == (folded(text),)


@pytest.mark.parametrize("term", ["储能材料", "储能"])
def test_a_search_uses_the_index(term):
    factories.make_lead()
    rows = with_rows(search(Lead.objects.all(), ("title",), term), many=False)
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_indexscan = off")
    assert "crm_lead_title_" in rows.explain()
    assert "crm_lead_title_" not in Lead.objects.order_by().filter(needs__icontains=term).explain()
    assert holds("title", term)
