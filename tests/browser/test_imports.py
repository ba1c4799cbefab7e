"""A table of leads, from the button of the list to the rows, on a desk and on a phone."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from crm.models import Lead
from tests import factories
from tests.imports.workbooks import lead, leads

pytestmark = pytest.mark.django_db(transaction=True)
WIDE, PHONE = {"width": 1440, "height": 900}, {"width": 390, "height": 844}


@pytest.mark.parametrize("size", [WIDE, PHONE], ids=["desk", "phone"])
def test_a_table_is_uploaded_looked_through_and_written(enter, folder, size, tmp_path):
    chain = factories.make_chain()
    user = factories.make_specialist(chain, display_name="专员甲")
    page = enter(user)
    page.set_viewport_size(size)
    page.goto("/admin/crm/lead/")
    page.locator('a.zone-tool[href$="/import/"]').click()
    file = tmp_path / "线索.xlsx"
    long = "长治高新技术产业开发区某某新能源科技发展有限责任公司"
    file.write_bytes(leads(lead(long), lead("乙有限公司", "负极", "很多")).read())
    page.locator("input[type=file]").set_input_files(file)
    page.get_by_role("button", name="检查文件").click()
    expect(page.locator(".zone-import-line")).to_have_count(2)
    page.locator(".zone-import-chip", has_text="有错").click()
    expect(page.locator(".zone-import-line")).to_have_count(1)
    expect(page.locator(".zone-import-error")).to_contain_text("E 列")
    wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    assert wide <= 0
    page.get_by_role("button", name="只写入无误的 1 行").click()
    expect(page.locator(".zone-import-head")).to_contain_text("已写入")
    assert Lead.objects.get().enterprise.name == long
    page.get_by_role("link", name="撤销导入").click()
    page.get_by_role("button", name="撤销导入").click()
    expect(page.locator(".zone-import-head")).to_contain_text("已撤销 1 行")
    assert not Lead.objects.exists()
