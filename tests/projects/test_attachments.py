"""Attachments: with the row or not at all, within reach, never changed, deleted with a trace."""

import stat
from pathlib import Path
from threading import Thread

import pytest
from django.core.exceptions import SuspiciousOperation, ValidationError
from django.core.files.storage import default_storage
from django.db import IntegrityError, connection, transaction
from django.db.models.deletion import ProtectedError

from projects.models import Agreement, Attachment
from tests import factories, files
from zone.files.storage import UndoneUnlessCommitted
from zone.models import AuditEntry

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("folder")]


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
        monkeypatch.setattr("zone.files.storage.os.fsync", refuse)
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


def test_the_storage_refuses_a_way_out_of_its_folder():
    for name in ("../a.bin", "/etc/a.bin", "ab/../../a.bin"):
        with pytest.raises(SuspiciousOperation):
            default_storage.save(name, files.upload("a", b"x"))
