"""The pages of imports: upload, preview, decision, what others see of it."""

from __future__ import annotations

from io import BytesIO

import openpyxl
import pytest
from django.urls import reverse

from crm.models import Contact, Enterprise, Lead
from tests import factories
from tests.files import upload
from tests.imports.workbooks import HEADINGS, lead, leads, states, taken, written
from zone.models import AuditEntry, ImportRun

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("folder")]
UPLOAD = "admin:crm_lead_import"


def page_of(run: ImportRun, name: str = "change") -> str:
    return reverse(f"admin:zone_importrun_{name}", args=[run.pk])


def book(response) -> list[list]:
    sheet = openpyxl.load_workbook(BytesIO(response.content)).worksheets[0]
    return [[cell.value for cell in row] for row in sheet.iter_rows()]


def test_a_file_is_uploaded_looked_through_and_written(as_user, specialist, chain):
    client = as_user(specialist)
    page = client.post(reverse(UPLOAD), {"file": leads(lead())}, follow=True)
    run = ImportRun.objects.get()
    assert (page.status_code, Lead.objects.count()) == (200, 0)
    assert "长治新材料有限公司 · 正极材料" in page.text
    assert "1.20 亿元" in page.text
    page = client.post(page_of(run, "write"), {"mode": "ALL"}, follow=True)
    assert (page.status_code, Lead.objects.count()) == (200, 1)


def test_what_is_wrong_with_the_file_stands_on_the_form(as_user, specialist, chain):
    file = leads(lead(), headings=(*HEADINGS[:4], "计划投资"))
    page = as_user(specialist).post(reverse(UPLOAD), {"file": file})
    assert "E 列“计划投资”没有写单位" in page.text
    assert ImportRun.objects.count() == 0


def test_the_same_file_is_written_again_only_if_it_is_said(as_user, specialist, chain):
    file = leads(lead())
    written(taken(Lead, file, specialist))
    Lead.objects.update(planned_investment_wan=1)
    file.seek(0)
    run = taken(Lead, file, specialist)
    assert states(run) == ["CHANGED"]
    client = as_user(specialist)
    assert "已由专员甲于" in client.get(page_of(run)).text
    page = client.post(page_of(run, "write"), {"mode": "ALL"})
    assert ("已由专员甲于" in page.text, Lead.objects.get().planned_investment_wan) == (True, 1)
    client.post(page_of(run, "write"), {"mode": "ALL", "again": "on"})
    assert Lead.objects.get().planned_investment_wan == 12000


def test_others_see_no_run_and_the_office_no_numbers(
    as_user, client, specialist, other_specialist, office, chain
):
    row = lead("甲有限公司", "线索", "很多", "王五", "13812345678")
    run = taken(Lead, leads(row, headings=(*HEADINGS, "联系人", "联系电话")), specialist)
    for name in ("change", "state", "refused", "write", "drop"):
        status = as_user(other_specialist).get(page_of(run, name)).status_code
        assert (name, status in (302, 404)) == (name, True)
    page = as_user(office).get(page_of(run))
    assert (page.status_code, "13812345678" in page.text) == (200, False)
    assert as_user(office).get(page_of(run, "refused")).status_code == 403
    assert as_user(office).post(page_of(run, "write"), {"mode": "GOOD"}).status_code == 403
    assert "13812345678" not in as_user(specialist).get(page_of(run)).text


def test_the_refused_rows_come_back_mended(as_user, specialist, chain):
    headings = (*HEADINGS, "联系人", "联系电话", "自定义列")
    good = lead("甲有限公司", "线索", 1, "王五", "13812345678", "=1+1")
    bad = lead("乙有限公司", "线索", "很多", "赵六", "13812345679", "'=1+1")
    run = written(taken(Lead, leads(good, bad, headings=headings), specialist), "GOOD")
    found = book(as_user(specialist).get(page_of(run, "refused")))
    assert [row[0] for row in found] == ["企业名称", "乙有限公司"]
    assert (found[0][-1], found[1][6]) == ("原因", "13812345679")
    assert "计划投资" in found[1][-1]
    mended = [*found[1][:4], 500, *found[1][5:]]
    again = taken(Lead, leads(mended, headings=found[0], name="改好.xlsx"), specialist)
    assert states(again) == ["NEW"]
    assert AuditEntry.objects.filter(action="DOWNLOADED", by=specialist).count() == 1


def test_the_template_comes_back_as_it_is_but_for_its_example(as_user, office, chain):
    response = as_user(office).get(reverse("admin:crm_lead_template"))
    workbook = openpyxl.load_workbook(BytesIO(response.content))
    assert [sheet.title for sheet in workbook] == ["线索", "选项", "填写说明"]
    sheet = workbook["线索"]
    headings = [cell.value for cell in sheet[1]]
    assert {"企业名称 *", "计划投资（万元） *", "负责人"} <= {*headings}
    assert sheet["A2"].value.startswith("【示例】")
    offered = {rule.formula1 for rule in sheet.data_validations.dataValidation}
    assert len(offered) >= 3
    row = dict.fromkeys(headings) | dict(
        zip(
            ["企业名称 *", "线索名称 *", "产业链 *", "来源 *", "计划投资（万元） *"],
            lead(),
            strict=True,
        )
    )
    sheet.append([row[heading] for heading in headings])
    workbook.save(out := BytesIO())
    run = taken(Lead, upload("模板.xlsx", out.getvalue()), office)
    assert states(run) == ["NEW"]


def test_a_specialists_template_offers_no_owner(as_user, specialist, chain):
    response = as_user(specialist).get(reverse("admin:crm_lead_template"))
    headings = [cell.value for cell in openpyxl.load_workbook(BytesIO(response.content))["线索"][1]]
    assert "负责人" not in headings


@pytest.mark.parametrize("model", [Lead, Enterprise, Contact])
def test_what_is_exported_comes_back_unchanged(as_user, specialist, chain, model):
    for n in range(3):
        enterprise = factories.make_enterprise(
            name=f"=示例{n}（长治）有限公司", chain=chain, origin_region="140403", scale="SMALL"
        )
        contact = factories.make_contact(
            enterprise=enterprise, name=f"王{n}", email="wang@example.com", wechat="wang_wu"
        )
        factories.make_lead(
            enterprise=enterprise,
            contact=contact,
            chain=chain,
            owner=specialist,
            planned_investment_wan="1234.5678",
            title=f"@线索{n}",
        )
    address = reverse(f"admin:crm_{model._meta.model_name}_export")
    response = as_user(specialist).post(address)
    assert "0001234" not in str(book(response))
    run = taken(model, upload("导出.xlsx", response.content), specialist)
    assert states(run) == ["SAME"] * 3
    entry = AuditEntry.objects.get(action="EXPORTED")
    assert (entry.detail["what"], entry.detail["rows"]) == (f"crm.{model._meta.model_name}", 3)
