"""The trail in the reader's words: who, which details, and what a security administrator sees."""

import ast
from pathlib import Path

import pytest
from django.core.exceptions import ValidationError
from django.urls import reverse

from projects.models import Attachment
from tests import factories, files
from zone.audit.details import LABELS, SAID_ELSEWHERE, STEPS, details
from zone.models import AuditEntry, SecurityAlert

pytestmark = pytest.mark.django_db
record = AuditEntry.objects.record
OWN = {"by", "of", "changes", "why", "origin"}


def written(name: str) -> list[ast.keyword]:
    """Return the keywords of every call that writes a line of the trail."""
    calls = [
        node
        for app in ("zone", "crm", "projects")
        for path in Path(app).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call)
    ]
    names = {"record", "record_command", "record_failure"}
    # A function of this name alone makes shapes for the published schema.
    found = [call for call in calls if getattr(call.func, "attr", "") in names]
    assert len(found) > 20
    return [keyword for call in found for keyword in call.keywords if keyword.arg]


def test_every_detail_that_is_written_has_a_label():
    keys = {keyword.arg for keyword in written("record")} - OWN
    assert keys - set(LABELS) - SAID_ELSEWHERE == set()


def test_every_step_that_is_written_has_its_words():
    steps = {
        keyword.value.value
        for keyword in written("record")
        if keyword.arg == "step" and isinstance(keyword.value, ast.Constant)
    }
    assert steps - set(STEPS) == set()


def test_details_read_as_words(office):
    contact = factories.make_contact()
    alert = SecurityAlert.objects.note("REVEALS", about=office, on="2025-01-01", count=51)
    lines = [
        record("REVEALED", by=office, of=contact, purpose="CALL", fields=["phone", "email"]),
        AuditEntry.objects.get(action="ALERT", object_id=str(alert.pk)),
        record("LOGIN_FAILED", of=office, username="office", locked=False),
        record("LOCKED_OUT", of=office, until="2025-01-01T00:00:00+00:00", step="second factor"),
        record("UPLOADED", by=office, kind="SCAN", size=2 * 1024 * 1024),
    ]
    words = [[(row.label, row.after) for row in details(line)] for line in lines]
    assert words == [
        [("字段", "电话、电子邮件")],
        [("类型", "查看联系方式过多")],
        [("用户名", "office"), ("已被锁定", "否")],
        [("锁定至", "2025-01-01 08:00:00"), ("环节", "验证码错误")],
        [("类型", "SCAN"), ("大小", "2 MB")],
    ]


def test_the_entrys_page_shows_no_code(as_user, office):
    line = record("LOGIN", by=office, of=office, step="complete")
    client = as_user(factories.make_user("auditor"))
    page = client.get(reverse("admin:zone_auditentry_change", args=[line.pk])).text
    assert ("<dd>登录</dd>" in page, "<dd>complete</dd>" in page) == (True, False)


def test_a_line_tells_the_account_besides_the_name(office):
    thief = factories.make_user(username="zhangsan", display_name=office.display_name)
    lines = [record("LOGIN", by=person, of=person) for person in (office, thief)]
    assert [line.by_name for line in lines] == ["招商办（office）", "招商办（zhangsan）"]


def test_the_trail_masks_numbers_in_texts_and_leaves_codes_and_amounts(office):
    project = factories.make_project()
    agreement = factories.make_agreement(project=project)
    enterprise = factories.make_enterprise()
    enterprise.name = "电话13812345678公司"  # before such names were refused
    line = record(
        "CHANGED",
        by=office,
        of=agreement,
        why="请打13812345678",
        changes={"title": ["", "张经理 13812345678"], "amount_wan": ["1", "13812345678.0000"]},
    )
    assert (line.why, line.changes["title"][1]) == ("请打138****5678", "张经理 138****5678")
    assert line.changes["amount_wan"][1] == "13812345678.0000"
    line = record("CHANGED", of=enterprise, changes={"uscc": ["", "911401007515203241"]})
    assert line.changes == {"uscc": ["", "911401007515203241"]}
    assert line.object_name == "电话138****5678公司"
    assert line.object_id == str(enterprise.pk)


def test_a_security_administrator_sees_accounts_posts_and_alerts_and_no_investor(office):
    guard = factories.make_user("security_admin")
    alert = SecurityAlert.objects.note("REVEALS", about=office, on="2025-01-01", count=51)
    alert.handle(by=guard, finding="已核实")
    made = AuditEntry.objects.record_made(factories.make_user(), by=office)
    lead = record("CREATED", by=office, of=factories.make_lead())
    seen = AuditEntry.objects.visible_to(guard)
    assert seen.filter(action="STATE", object_id=str(alert.pk)).exists()
    assert seen.filter(pk=made.pk).exists()
    assert not seen.filter(pk=lead.pk).exists()


def test_a_file_named_after_a_telephone_is_refused(folder):
    with pytest.raises(ValidationError, match="重命名"):
        Attachment().take(files.upload("张总13812345678.pdf", files.pdf()))
