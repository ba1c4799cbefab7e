"""Downloads: for whoever sees the owner, as a file to save, with a line in the trail."""

import hashlib
import os
from http.client import HTTPConnection
from urllib.parse import urlsplit

import pytest
from django.test import Client
from django.urls import reverse

from projects.models import Attachment
from tests import factories, files
from zone.models import AuditEntry

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("folder")]


@pytest.fixture
def theirs(other_specialist):
    project = factories.make_project(handler=other_specialist)
    return factories.make_attachment("合同 一.pdf", files.pdf("秘密"), project=project)


def url(row) -> str:
    return reverse("attachment", args=[row.pk])


def test_a_download_is_a_file_to_save_and_nothing_a_browser_would_run(as_user, office, theirs):
    response = as_user(office).get(url(theirs))
    assert b"".join(response) == files.pdf("秘密")
    headers = {name.lower(): value for name, value in response.headers.items()}
    assert headers["content-type"] == "application/pdf"
    assert headers["content-length"] == str(len(files.pdf("秘密")))
    assert headers["content-disposition"] == (
        "attachment; filename*=utf-8''%E5%90%88%E5%90%8C%20%E4%B8%80.pdf"
    )
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["content-security-policy"] == "sandbox; default-src 'none'"
    assert headers["cache-control"].startswith("private, no-store")


def test_a_download_is_a_line_of_the_trail(as_user, office, theirs):
    as_user(office).get(url(theirs))
    entry = AuditEntry.objects.get(action="DOWNLOADED")
    assert (entry.by, entry.object_id, entry.door) == (office, str(theirs.pk), "ADMIN")


def test_another_specialists_file_is_not_found(as_user, specialist, theirs):
    client = as_user(specialist)
    unknown = reverse("attachment", args=["00000000-0000-0000-0000-000000000000"])
    assert client.get(url(theirs)).status_code == client.get(unknown).status_code == 404
    agreement = factories.make_agreement(project=theirs.project)
    assert client.get(url(factories.make_attachment(agreement=agreement))).status_code == 404
    assert not AuditEntry.objects.filter(action="DOWNLOADED").exists()


def test_a_file_leaves_ones_reach_with_its_project(as_user, other_specialist, specialist, theirs):
    client = as_user(other_specialist)
    assert client.get(url(theirs)).status_code == 200
    theirs.project.handler = specialist
    theirs.project.save()
    assert client.get(url(theirs)).status_code == 404


@pytest.mark.parametrize("role", ["auditor", "system_admin", "security_admin", "park_operator"])
def test_a_role_without_the_right_is_refused(client, role, theirs):
    client.force_login(factories.make_user(role))
    assert client.get(url(theirs)).status_code == 403


def test_a_stranger_is_sent_to_the_login(client, theirs):
    response = client.get(url(theirs))
    assert response.status_code == 302
    assert "login" in response.url


def test_only_a_plain_get_downloads(as_user, office, theirs):
    client = as_user(office)
    assert client.post(url(theirs)).status_code == 405
    assert client.head(url(theirs)).status_code == 405


def test_a_file_gone_from_the_disk_is_said_and_logged(as_user, office, theirs, folder, caplog):
    (folder / theirs.file.name).unlink()
    response = as_user(office).get(url(theirs), follow=True)
    assert response.redirect_chain[0][0].endswith(f"project/{theirs.project.pk}/")
    assert "合同 一.pdf" in " ".join(map(str, response.context["messages"]))
    assert str(theirs.pk) in caplog.text
    assert not AuditEntry.objects.filter(action="DOWNLOADED").exists()


def test_no_address_reaches_the_folder(client, theirs, office):
    client.force_login(office)
    for path in (f"/{theirs.file.name}", f"/media/{theirs.file.name}", f"/uploads/{theirs.file}"):
        assert client.get(path).status_code == 404


@pytest.mark.django_db(transaction=True)
def test_19_mib_go_over_http_and_come_back_the_same(live_server, folder):
    """A real request to a running server, multipart and all; then a real download."""
    content = (
        files.pdf()[:-6]
        + b"\n%"
        + os.urandom(19 * 2**20).replace(b"PK\5\6", b"....")
        + b"\n%%EOF\n"
    )
    user = factories.make_user(is_superuser=True)
    project = factories.make_project()
    client = Client()
    client.force_login(user)
    cookie = f"sessionid={client.cookies['sessionid'].value}"
    address = reverse("admin:projects_project_attach", args=[project.pk])

    def ask(method: str, path: str, body: bytes = b"", **headers):
        connection = HTTPConnection(urlsplit(live_server.url).netloc, timeout=60)
        connection.request(method, path, body, {"Cookie": cookie, **headers})
        return connection.getresponse()

    page = ask("GET", address)
    page.read()
    token = page.headers["Set-Cookie"].split("csrftoken=")[1].split(";")[0]
    cookie += f"; csrftoken={token}"
    parts = [
        ('name="csrfmiddlewaretoken"', token.encode()),
        ('name="kind"', b"SCAN"),
        ('name="files"; filename="长合同.pdf"\r\nContent-Type: text/html', content),
    ]
    body = b"".join(
        b"--edge\r\nContent-Disposition: form-data; " + head.encode() + b"\r\n\r\n" + text + b"\r\n"
        for head, text in parts
    )
    kind = {"Content-Type": "multipart/form-data; boundary=edge"}
    answer = ask("POST", address, body + b"--edge--\r\n", **kind)
    assert answer.status == 302, answer.read()[:500]
    row = Attachment.objects.get()
    assert (row.name, row.content_type, row.size) == ("长合同.pdf", "application/pdf", len(content))
    back = ask("GET", url(row))
    found = back.read()
    assert back.headers["Content-Type"] == "application/pdf"
    assert hashlib.sha256(found).hexdigest() == row.sha256
    assert found == content
