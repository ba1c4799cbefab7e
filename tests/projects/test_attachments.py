"""Attachments: with the row or not at all, within reach, never changed, deleted with a trace."""

import stat
from datetime import date
from io import BytesIO
from pathlib import Path
from threading import Thread

import pytest
from django.core.exceptions import SuspiciousOperation, ValidationError
from django.core.files.storage import default_storage
from django.db import IntegrityError, connection, transaction
from django.db.models.deletion import ProtectedError
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from projects.models import Agreement, Attachment, Project
from tests import factories, files
from tests.forms import fields
from zone.file_types import MAX_SIZE
from zone.models import AuditEntry
from zone.uploads import UndoneUnlessCommitted

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def folder(settings, tmp_path) -> Path:
    settings.MEDIA_ROOT = tmp_path / "uploads"
    return settings.MEDIA_ROOT


@pytest.fixture
def committed(django_capture_on_commit_callbacks):
    """Return a context in which what waits for the commit happens at the end."""
    return lambda: django_capture_on_commit_callbacks(execute=True)


def stored(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def unsaved(**more) -> Attachment:
    user = factories.make_user()
    owner = more or {"project": factories.make_project()}
    row = Attachment(kind="SCAN", uploaded_by=user, **owner)
    return row.take(files.upload("合同.pdf", files.pdf()))


def undone(work):
    """Do ``work`` in a transaction that is rolled back."""
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        work() or 1 / 0


def trail(row) -> list[str]:
    return [entry.action for entry in AuditEntry.objects.of(row)]


# --- the file and its row


def test_a_stored_file_says_nothing_outside_and_all_in_its_row(folder):
    row = factories.make_attachment("../合同\u202e.pdf", files.pdf("甲方"))
    (path,) = stored(folder)
    assert path.read_bytes() == files.pdf("甲方")
    assert str(path.relative_to(folder)) == row.file.name
    assert path.suffix == ".bin"
    assert path.parent.name == path.name[:2]
    assert "合同" not in str(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert (row.name, row.size) == ("合同.pdf", len(files.pdf("甲方")))
    assert row.content_type == "application/pdf"
    assert len(row.sha256) == 64


def test_an_upload_has_no_address_of_its_own(settings):
    assert settings.MEDIA_URL in ("", "/")
    with pytest.raises(ValueError, match="no address"):
        _ = factories.make_attachment().file.url


def test_a_row_that_fails_leaves_no_file(folder):
    row = unsaved()
    row.kind = "x" * 99
    with pytest.raises(Exception, match="too long"), transaction.atomic():
        row.save()
    assert stored(folder) == []
    assert AuditEntry.objects.filter(action="UPLOADED").count() == 0


def test_a_transaction_that_fails_later_leaves_no_file(folder):
    row = unsaved()
    seen = []
    undone(lambda: row.save() or seen.extend(stored(folder)))
    assert (len(seen), stored(folder)) == (1, [])


def test_rows_written_in_bulk_leave_no_file_either(folder):
    rows = [unsaved(), unsaved()]
    rows[1].sha256 = ""
    with pytest.raises(IntegrityError), transaction.atomic():
        Attachment.objects.bulk_create(rows)
    assert stored(folder) == []


def test_without_the_guard_the_file_would_stay(folder, monkeypatch):
    """The negative control: it is the guard that removes the file."""
    monkeypatch.setattr(UndoneUnlessCommitted, "__init__", lambda self, undo: None)
    row = unsaved()
    undone(row.save)
    assert len(stored(folder)) == 1


@pytest.mark.django_db(transaction=True)
def test_what_is_committed_stays(folder):
    row = unsaved()
    row.save()
    undone(unsaved().save)
    assert [path.name for path in stored(folder)] == [Path(row.file.name).name]


@pytest.mark.parametrize("step", ["write", "rename"])
def test_a_file_that_cannot_be_written_leaves_no_row(folder, monkeypatch, step):
    row = unsaved()

    def refuse(*args):
        raise OSError("no space left on device")

    if step == "write":
        monkeypatch.setattr("zone.uploads.os.fsync", refuse)
    else:
        monkeypatch.setattr(Path, "rename", refuse)
    with pytest.raises(OSError, match="no space"), transaction.atomic():
        row.save()
    assert (stored(folder), Attachment.objects.count()) == ([], 0)


def test_a_file_nobody_has_looked_at_is_refused_by_the_database():
    row = Attachment(
        kind="SCAN", uploaded_by=factories.make_user(), project=factories.make_project(), size=1
    )
    row.file = files.upload("a.exe", b"MZ")
    with pytest.raises(IntegrityError, match="attachment_was_checked"), transaction.atomic():
        row.save()


def test_it_belongs_to_exactly_one():
    agreement = factories.make_agreement()
    both = unsaved(agreement=agreement, project=agreement.project)
    for row in (both, unsaved(agreement=None)):
        with pytest.raises(ValidationError):
            row.full_clean()
        with pytest.raises(IntegrityError, match="attachment_of_one"), transaction.atomic():
            row.save()


# --- deleting


def test_a_deleted_row_takes_its_file_along_at_the_commit(folder, committed):
    row = factories.make_attachment()
    with committed():
        row.remove(by=row.uploaded_by)
        assert len(stored(folder)) == 1
    assert stored(folder) == []
    entry = AuditEntry.objects.get(action="DELETED")
    assert (entry.by, entry.object_name) == (row.uploaded_by, "扫描件.pdf")
    assert entry.detail["sha256"] == row.sha256


def test_a_deletion_that_is_undone_keeps_the_file(folder):
    row = factories.make_attachment()
    undone(lambda: row.remove(by=row.uploaded_by))
    assert len(stored(folder)) == 1


def test_many_deleted_at_once_take_their_files_along(folder, committed):
    factories.make_attachment()
    factories.make_attachment()
    with committed():
        Attachment.objects.all().delete()
    assert stored(folder) == []


def test_its_uploader_and_the_office_delete_it_and_nobody_else(specialist, office):
    row = factories.make_attachment(uploaded_by=specialist)
    assert [row.can_remove(user) for user in (specialist, office)] == [True, True]
    leader = factories.make_user("leadership")
    peer = factories.make_user("chain_leader")
    for user in (leader, peer):
        with pytest.raises(ValidationError, match="扫描件.pdf"):
            row.remove(by=user)
    assert Attachment.objects.count() == 1


def test_a_recognised_agreement_takes_no_file_and_gives_none_up(office):
    agreement = factories.make_agreement()
    row = factories.make_attachment(agreement=agreement)
    agreement.recognise(by=office)
    with pytest.raises(ValidationError, match="扫描件.pdf"):
        row.remove(by=office)
    with pytest.raises(ValidationError):
        factories.make_attachment(agreement=Agreement.objects.get())
    factories.make_attachment(project=agreement.project)
    agreement.withdraw(by=office, reason="金额有误")
    Attachment.objects.get(pk=row.pk).remove(by=office)


@pytest.mark.django_db(transaction=True)
def test_a_recognition_that_comes_first_closes_the_agreement_for_a_file_under_way(folder):
    agreement = factories.make_agreement()
    row, refused = unsaved(agreement=agreement), []

    def add():
        try:
            row.save()
        except ValidationError as error:
            refused.append(error.code)
        finally:
            connection.close()

    with transaction.atomic():
        agreement.recognise(by=factories.make_user())
        thread = Thread(target=add)
        thread.start()
        thread.join(0.5)
        assert thread.is_alive()  # it waits for the decision
    thread.join()
    assert (refused, stored(folder)) == (["closed"], [])


def test_evidence_is_not_lost_along_the_way():
    row = factories.make_attachment()
    with pytest.raises(ProtectedError):
        row.project.delete()


# --- who sees


def test_whoever_sees_the_owner_sees_its_files(specialist, other_specialist, office, leader):
    project = factories.make_project(handler=specialist)
    on_project = factories.make_attachment(project=project)
    on_agreement = factories.make_attachment(agreement=factories.make_agreement(project=project))
    hers = factories.make_attachment(project=factories.make_project(handler=other_specialist))
    expected = {
        specialist: {on_project, on_agreement},
        other_specialist: {hers},
        office: {on_project, on_agreement, hers},
        leader: {on_project, on_agreement, hers},
        factories.make_user("auditor"): set(),
    }
    for user, rows in expected.items():
        assert set(Attachment.objects.visible_to(user)) == rows


def test_the_rights_of_each_role():
    rights = {
        role: "".join(
            action[0]
            for action in ("view", "add", "change", "delete")
            if factories.make_user(role).has_perm(f"projects.{action}_attachment")
        )
        for role in ("office", "chain_leader", "specialist", "leadership", "statistician")
    }
    assert rights == {
        "office": "vad",
        "chain_leader": "va",
        "specialist": "va",
        "leadership": "v",
        "statistician": "v",
    }
    for role in ("auditor", "park_operator", "service_agent", "system_admin", "security_admin"):
        assert not factories.make_user(role).has_perm("projects.view_attachment"), role


# --- the forms


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
    assert "UPLOADED" in trail(rows[0])
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
    assert "DELETED" in trail(row)


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


def test_who_may_not_see_files_sees_none_on_the_project(client, project):
    factories.make_attachment(project=project)
    agent = factories.make_user("service_agent")
    Project.objects.update(service_agent=agent)
    client.force_login(agent)
    page = client.get(reverse("admin:projects_project_change", args=[project.pk]))
    assert page.status_code == 200
    assert "扫描件.pdf" not in page.text


# --- the page that adds several


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


def test_the_storage_refuses_a_way_out_of_its_folder():
    for name in ("../a.bin", "/etc/a.bin", "ab/../../a.bin"):
        with pytest.raises(SuspiciousOperation):
            default_storage.save(name, files.upload("a", b"x"))
