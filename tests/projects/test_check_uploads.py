"""The command that proves that every row has its file, and finds files without a row."""

import os
import time
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from projects import facts
from projects.demo import clearing, loading
from projects.models import Attachment
from tests import factories
from zone.models import AuditEntry

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("folder")]


def check(*args) -> str:
    out = StringIO()
    try:
        call_command("check_uploads", *args, stdout=out)
    except CommandError as error:
        out.write(f"ERROR {error}")
    return out.getvalue()


def test_all_is_well_without_a_file_and_with_good_ones():
    assert "ERROR" not in check()
    factories.make_attachment()
    assert "ERROR" not in check()


def test_a_missing_and_a_changed_file_are_named(folder):
    missing, changed = factories.make_attachment(), factories.make_attachment()
    (folder / missing.file.name).unlink()
    (folder / changed.file.name).write_bytes(b"%PDF-1.7 forged")
    out = check()
    assert "ERROR" in out
    assert str(missing.pk) in out
    assert str(changed.pk) in out


def test_an_orphan_is_listed_and_removed_only_when_asked_and_old(folder):
    row = factories.make_attachment()
    old, new = folder / "ab" / "old.bin", folder / "ab" / "new.part"
    old.parent.mkdir(exist_ok=True)
    for path in (old, new):
        path.write_bytes(b"x")
    os.utime(old, (time.time() - 25 * 3600,) * 2)
    out = check()
    assert "ab/old.bin" in out
    assert "ab/new.part" in out
    assert row.file.name not in out
    assert old.exists()
    check("--remove-orphans")
    assert (old.exists(), new.exists()) == (False, True)
    assert (folder / row.file.name).exists()
    assert AuditEntry.objects.get(action="COMMAND").detail["removed"] == 1


@pytest.mark.slow
def test_the_demos_files_come_and_go_with_it(folder, committed):
    facts.load()
    loading.load()
    assert Attachment.objects.filter(is_demo=True).count() == 12
    assert "ERROR" not in check()
    real = factories.make_attachment()
    with committed():
        clearing.clear()
    assert [p.name for p in folder.rglob("*.bin")] == [real.file.name.split("/")[1]]
