"""Files chosen in a real browser: on a form's own row, and several on the page that adds them."""

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse

from projects.models import Attachment, Project
from tests import factories, files


@pytest.fixture
def uploads(tmp_path, settings):
    settings.MEDIA_ROOT = tmp_path / "uploads"
    for name in ("合同.pdf", "现场.jpg"):
        (tmp_path / name).write_bytes(files.REAL[name])
    return [tmp_path / "合同.pdf", tmp_path / "现场.jpg"]


def log_in(page, live_server, user):
    client = Client()
    client.force_login(user)
    cookie = {"name": settings.SESSION_COOKIE_NAME, "url": live_server.url}
    page.context.add_cookies([cookie | {"value": client.cookies[cookie["name"]].value}])


@pytest.fixture
def project(page, live_server):
    log_in(page, live_server, factories.make_user(is_superuser=True))
    return factories.make_project()


def test_a_file_is_added_downloaded_and_deleted_on_the_form(page, project, uploads):
    page.goto(reverse("admin:projects_project_change", args=[project.pk]))
    page.locator("#attachments-group tfoot a").click()
    page.set_input_files("[name=attachments-0-upload]", uploads[0])
    page.click("[name=_continue]")
    with page.expect_download() as download:
        page.click("a.zone-file")
    assert download.value.suggested_filename == "合同.pdf"
    assert download.value.path().read_bytes() == files.REAL["合同.pdf"]
    page.click("#attachments-group td.delete label")
    page.click("[name=_continue]")
    page.locator("#attachments-group a.zone-file").wait_for(state="detached")
    assert not Attachment.objects.exists()


@pytest.mark.slow
def test_a_colleagues_file_shows_no_button_to_delete_it(page, project, uploads, live_server):
    factories.make_attachment(project=project)
    specialist = factories.make_specialist()
    Project.objects.update(handler=specialist)
    factories.make_attachment(project=project, uploaded_by=specialist)
    log_in(page, live_server, specialist)
    page.goto(reverse("admin:projects_project_change", args=[project.pk]))
    buttons = page.locator("#attachments-group td.delete label")
    assert [button.is_visible() for button in buttons.all()] == [True, False]


@pytest.mark.slow
def test_several_files_are_chosen_at_once_and_the_note_stays_ones_own(page, project, uploads):
    page.goto(reverse("admin:projects_project_attach", args=[project.pk]))
    page.set_input_files("[name=files]", uploads)
    assert page.input_value("[name=note]") == ""
    page.click(".zone-state-form button[type=submit]")
    page.locator("a.zone-file").first.wait_for()
    found = Attachment.objects.values_list("name", "note")
    assert set(found) == {("合同.pdf", ""), ("现场.jpg", "")}
