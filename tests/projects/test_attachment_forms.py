"""The forms with attachments: added by whoever may, refused beside the field, never changed."""

from datetime import date
from decimal import Decimal
from io import BytesIO
from pathlib import Path

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from projects.models import Agreement, Attachment, Project
from tests import factories, files
from tests.forms import fields
from zone.files.types import MAX_SIZE
from zone.models import AuditEntry

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("folder")]


def stored(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def trail(row) -> list[str]:
    return [entry.action for entry in AuditEntry.objects.of(row)]


class Form:
    """The form of a project or an agreement, as a browser opens and sends it."""

    def __init__(self, client, row):
        self.client = client
        name = f"admin:projects_{row._meta.model_name}_change"
        self.url = reverse(name, args=[row.pk])

    def open(self) -> dict:
        return fields(self.client.get(self.url))

    def post(self, **changes):
        return self.client.post(self.url, self.open() | changes)

    def add(self, *uploads, **changes):
        data = {"attachments-TOTAL_FORMS": str(len(uploads)), "attachments-INITIAL_FORMS": "0"}
        for number, file in enumerate(uploads):
            row = {"kind": "SCAN", "upload": file, "note": ""}
            data |= {f"attachments-{number}-{key}": value for key, value in row.items()}
        return self.post(**data, **changes)


@pytest.fixture
def project(specialist) -> Project:
    return factories.make_project(handler=specialist, name="储能材料")


@pytest.fixture
def form(as_user, specialist, project) -> Form:
    return Form(as_user(specialist), project)


def sent(name: str = "合同.pdf", content: bytes | None = None) -> BytesIO:
    file = BytesIO(files.pdf() if content is None else content)
    file.name = name
    return file


def errors(response) -> dict:
    formsets = [inline.formset for inline in response.context["inline_admin_formsets"]]
    return next(f for f in formsets if f.model is Attachment).errors


def test_a_specialist_adds_files_to_a_project(form, project, specialist, folder):
    response = form.add(sent(), sent("现场.jpg", files.jpeg()), name="储能材料二期")
    assert response.status_code == 302
    rows = project.attachments.order_by("name")
    assert [(row.name, row.uploaded_by) for row in rows] == [
        ("合同.pdf", specialist),
        ("现场.jpg", specialist),
    ]
    assert len(stored(folder)) == 2
    assert trail(rows[0]) == ["UPLOADED"]
    told = AuditEntry.objects.timeline(project).values_list("action", "object_name")
    assert ("UPLOADED", "合同.pdf") in told
    entry = AuditEntry.objects.filter(action="UPLOADED").first()
    assert (entry.by, entry.door, entry.address) == (specialist, "ADMIN", "127.0.0.1")
    page = form.client.get(form.url).text
    assert reverse("attachment", args=[rows[0].pk]) in page


def test_a_file_comes_along_with_a_new_agreement(as_user, specialist, project):
    client, url = as_user(specialist), reverse("admin:projects_agreement_add")
    data = fields(client.get(url)) | {
        "project": str(project.pk),
        "kind": "FORMAL",
        "signed_on": "2025-03-01",
        "amount_wan": "1000",
        "attachments-TOTAL_FORMS": "1",
        "attachments-0-kind": "SCAN",
        "attachments-0-upload": sent(),
    }
    assert client.post(url, data).status_code == 302
    assert Attachment.objects.get().agreement == Agreement.objects.get()


def test_a_refusal_stands_beside_the_field_with_the_file_and_the_cure(form, project, folder):
    response = form.add(
        sent("合同.exe", b"MZ"), sent("大.pdf", files.pdf(size=MAX_SIZE + 1)), sent()
    )
    first, second, third = errors(response)
    assert "合同.exe" in first["upload"][0]
    assert "20.01" in second["upload"][0]
    assert third == {}
    assert (stored(folder), Attachment.objects.count()) == ([], 0)


def test_an_empty_file_and_a_missing_one_are_named(form):
    nothing = form.add(sent(content=b""))
    assert "合同.pdf" in errors(nothing)[0]["upload"][0]
    response = form.add("")
    assert list(errors(response)[0]) == ["upload"]


def test_a_form_refused_elsewhere_says_to_choose_the_file_again(form, project):
    response = form.add(sent(), name="")
    assert (response.status_code, project.attachments.count()) == (200, 0)
    assert [str(message) for message in response.context["messages"] if "合同.pdf" in str(message)]
    plain = form.post(name="")
    assert list(plain.context["messages"]) == []


def test_existing_files_are_never_changed(form, project):
    row = factories.make_attachment(project=project)
    data = {"attachments-0-kind": "OTHER", "attachments-0-note": "改了"}
    data |= {"attachments-0-id": str(row.pk), "attachments-0-upload": sent("新.pdf")}
    data |= {"attachments-TOTAL_FORMS": "1", "attachments-INITIAL_FORMS": "1"}
    form.post(**data)
    again = Attachment.objects.get()
    assert (again.kind, again.note, again.name) == ("SCAN", "", "扫描件.pdf")
    assert again.version == 1


def deletion_of(row) -> dict:
    return {
        "attachments-TOTAL_FORMS": "1",
        "attachments-INITIAL_FORMS": "1",
        "attachments-0-id": str(row.pk),
        "attachments-0-DELETE": "on",
    }


def test_a_file_of_ones_own_is_deleted_on_the_form(form, project, specialist, folder, committed):
    row = factories.make_attachment(project=project, uploaded_by=specialist)
    with committed():
        assert form.post(**deletion_of(row)).status_code == 302
    assert (Attachment.objects.count(), stored(folder)) == (0, [])
    assert trail(row) == ["DELETED", "UPLOADED"]


def test_a_colleagues_file_is_not(form, project, as_user, office):
    row = factories.make_attachment(project=project)
    form.post(**deletion_of(row))
    assert Attachment.objects.count() == 1
    assert Form(as_user(office), project).post(**deletion_of(row)).status_code == 302
    assert Attachment.objects.count() == 0


def test_the_form_of_a_recognised_agreement_only_shows_its_files(as_user, office, specialist):
    agreement = factories.make_agreement(project=factories.make_project(handler=specialist))
    row = factories.make_attachment(agreement=agreement, uploaded_by=office)
    agreement.recognise(by=factories.make_user())
    form = Form(as_user(office), agreement)
    page = form.client.get(form.url)
    assert reverse("attachment", args=[row.pk]) in page.text
    assert 'type="file"' not in page.text
    assert "DELETE" not in page.text
    response = form.client.post(form.url, deletion_of(row))
    assert (response.status_code, Attachment.objects.count()) == (403, 1)


@pytest.mark.parametrize("role", ["leadership", "statistician"])
def test_who_only_reads_can_download_and_not_upload(client, role, project):
    row = factories.make_attachment(project=project)
    client.force_login(factories.make_user(role))
    page = client.get(reverse("admin:projects_project_change", args=[project.pk])).text
    assert reverse("attachment", args=[row.pk]) in page
    assert 'type="file"' not in page
    assert client.get(reverse("attachment", args=[row.pk])).status_code == 200
    assert client.post(attach_url(project), {}).status_code == 403


def test_who_may_not_see_files_sees_none_on_the_project_nor_in_its_story(client, project):
    factories.make_attachment(project=project)
    AuditEntry.objects.record_made(
        factories.make_agreement(project=project, amount_wan=Decimal(87_654)), by=None
    )
    agent = factories.make_user("service_agent")
    Project.objects.update(service_agent=agent)
    client.force_login(agent)
    page = client.get(reverse("admin:projects_project_change", args=[project.pk]))
    assert page.status_code == 200
    assert "扫描件.pdf" not in page.text
    assert "87,654" not in page.text
    story = client.get(reverse("admin:projects_project_history", args=[project.pk])).text
    assert ("扫描件.pdf" in story, "87,654" in story) == (False, False)
    client.force_login(project.handler)
    story = client.get(reverse("admin:projects_project_history", args=[project.pk])).text
    assert ("扫描件.pdf" in story, "87,654" in story) == (True, True)


def attach_url(row) -> str:
    return reverse(f"admin:projects_{row._meta.model_name}_attach", args=[row.pk])


def test_a_chain_leader_adds_several_files_at_once(client, chain, folder):
    leader = factories.make_user("chain_leader", chain)
    agreement = factories.make_agreement(project=factories.make_project(chain=chain))
    client.force_login(leader)
    assert 'enctype="multipart/form-data"' in client.get(attach_url(agreement)).text
    several = [sent(), sent("附图.png", files.png())]
    data = {"files": several, "kind": "MINUTES", "note": "会签"}
    assert client.post(attach_url(agreement), data).status_code == 302
    found = agreement.attachments.values_list("name", "kind", "note", "uploaded_by")
    assert set(found) == {(name, "MINUTES", "会签", leader.pk) for name in ("合同.pdf", "附图.png")}


def test_one_bad_file_of_several_and_none_is_kept(form, project, folder):
    several = [sent(), sent("坏.pdf", b"MZ"), sent("附.svg", b"<svg/>")]
    response = form.client.post(attach_url(project), {"files": several, "kind": "SCAN"})
    told = " ".join(response.context["form"].errors["files"])
    assert "坏.pdf" in told
    assert "附.svg" in told
    assert (stored(folder), project.attachments.count()) == ([], 0)


def test_no_file_at_all_is_said_beside_the_field(form, project):
    response = form.client.post(attach_url(project), {"kind": "SCAN"})
    assert list(response.context["form"].errors) == ["files"]


def test_nothing_is_added_to_what_is_out_of_reach(form, other_specialist, folder):
    theirs = factories.make_project(handler=other_specialist)
    for row in (theirs, factories.make_agreement(project=theirs)):
        data = {"files": [sent()], "kind": "SCAN"}
        assert form.client.post(attach_url(row), data).status_code == 404
        change = reverse(f"admin:projects_{row._meta.model_name}_change", args=[row.pk])
        assert form.client.post(change, data).status_code == 302  # back to the list
    assert (stored(folder), Attachment.objects.count()) == ([], 0)


def test_a_foreign_owner_posted_with_the_row_is_not_taken(form, project, other_specialist):
    theirs = factories.make_project(handler=other_specialist)
    agreement = factories.make_agreement(project=theirs)
    hers = {"attachments-0-project": str(theirs.pk), "attachments-0-agreement": str(agreement.pk)}
    form.add(sent(), **hers)
    assert {(row.project, row.agreement) for row in Attachment.objects.all()} <= {(project, None)}


def test_a_recognised_agreement_takes_none_on_its_page(as_user, office):
    counted = factories.make_counted(1000, date(2025, 3, 1))
    client = as_user(office)

    def post(row) -> int:
        return client.post(attach_url(row), {"files": [sent()], "kind": "SCAN"}).status_code

    assert post(counted) == 403
    assert attach_url(counted) not in client.get(Form(client, counted).url).text
    assert post(counted.project) == 302


@pytest.mark.slow
@pytest.mark.parametrize("role", ["office", "specialist", "leadership"])
def test_a_form_asks_as_much_at_30_files_as_at_1(client, chain, role):
    user = factories.make_user(role, chain)
    project = factories.make_project(chain=chain, handler=user)
    agreement = factories.make_agreement(project=project)
    client.force_login(user)
    asked = {}
    for wanted in (1, 30):
        while Attachment.objects.count() < 2 * wanted:
            factories.make_attachment(project=project)
            factories.make_attachment(agreement=agreement)
        for row in (project, agreement):
            url = Form(client, row).url
            client.get(url)
            with CaptureQueriesContext(connection) as seen:
                assert client.get(url).status_code == 200
            asked.setdefault(type(row).__name__, []).append(len(seen))
    for first, second in asked.values():
        assert first == second <= 20, asked
