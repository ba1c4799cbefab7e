"""A disk that is full: told by its purpose before, and in words where something meets it."""

import os
import subprocess
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path

import pytest

from projects.models import Attachment
from tests import factories, files
from tests.projects.test_attachment_forms import Form
from zone.models import AuditEntry

pytestmark = pytest.mark.django_db
SMALL = "size=256k"  # less than one of the files sent


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Callable[[str], Path]]:
    """Return a function that mounts a disk of next to no size."""
    mounted = []

    def mount(options: str = SMALL) -> Path:
        folder = tmp_path / f"disk{len(mounted)}"
        folder.mkdir()
        command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]
        if os.geteuid() or subprocess.run(command, capture_output=True).returncode:
            pytest.skip("only root may mount a small disk, and not everywhere")
        mounted.append(folder)
        return folder

    yield mount
    for folder in mounted:
        subprocess.run(["umount", str(folder)], check=True)


def scan(size: int) -> BytesIO:
    file = BytesIO(files.pdf(size=size))
    file.name = "合同.pdf"
    return file


@pytest.fixture
def form(as_user, specialist) -> Form:
    client = as_user(specialist)
    client.raise_request_exception = False
    return Form(client, factories.make_project(handler=specialist, name="储能材料"))


def check_told(response, form: Form) -> None:
    assert response.status_code == 507
    assert "存储空间已满" in response.text
    assert "Traceback" not in response.text
    assert not Attachment.objects.exists()
    assert not AuditEntry.objects.filter(action="UPLOADED").exists()


@pytest.mark.parametrize("debug", [False, True])
def test_a_file_that_finds_no_room_is_told_and_leaves_nothing(
    form, settings, small_disk, debug, folder
):
    settings.DEBUG, settings.MEDIA_ROOT = debug, small_disk()
    check_told(form.add(scan(400_000), name="改名"), form)
    assert [path for path in settings.MEDIA_ROOT.rglob("*") if path.is_file()] == []
    assert form.open()["name"] == "储能材料"


def test_a_file_that_finds_no_room_on_its_way_in_is_told(form, settings, small_disk, folder):
    settings.FILE_UPLOAD_TEMP_DIR = str(small_disk())
    check_told(form.add(scan(4_000_000)), form)
    assert list(Path(settings.FILE_UPLOAD_TEMP_DIR).iterdir()) == []
    assert not folder.exists() or [path for path in folder.rglob("*") if path.is_file()] == []


def test_readyz_names_the_disk_that_is_full(client, settings, small_disk, caplog):
    settings.MEDIA_ROOT = small_disk("size=1m")
    settings.DISK_RESERVE_MB = 0
    assert client.get("/readyz").status_code == 200
    (settings.MEDIA_ROOT / "all").write_bytes(b"x" * 2**20)
    answer = client.get("/readyz")
    assert (answer.status_code, answer.text) == (503, "not ready\ndisk: uploads\nworker: silent")
    assert f"disk: uploads, {settings.MEDIA_ROOT}: " in caplog.text
    (settings.MEDIA_ROOT / "all").unlink()
    assert client.get("/readyz").status_code == 200


def test_readyz_names_the_disk_without_a_file_number_left(client, settings, small_disk):
    settings.MEDIA_ROOT = small_disk("size=1m,nr_inodes=2")
    settings.DISK_RESERVE_MB = 0
    assert client.get("/readyz").status_code == 200
    (settings.MEDIA_ROOT / "last").touch()
    assert client.get("/readyz").text == "not ready\ndisk: uploads\nworker: silent"
