"""The folders that files are written to: whether each has room, and can be written at all."""

from __future__ import annotations

import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

from zone.database import connection as database
from zone.database.checkout import VAR

PROBE = b"\0" * 4096
MIB = 1024 * 1024


@dataclass(frozen=True)
class Disk:
    """A folder by what it is for; ``fault`` says in one line why it will not do, "" if it does."""

    purpose: str
    folder: Path
    free: int  # bytes
    total: int
    fault: str

    @property
    def line(self) -> str:
        return f"disk: {self.purpose}, {self.folder}: {self.fault}"

    @property
    def free_mib(self) -> int:
        return self.free // MIB

    @property
    def free_percent(self) -> float:
        return 100 * self.free / self.total if self.total else 0


def folders() -> dict[str, Path]:
    """Return the folders that this server writes to, by what they are for."""
    found = {
        "uploads": settings.MEDIA_ROOT,
        "temp": Path(settings.FILE_UPLOAD_TEMP_DIR),
    }
    if database.is_private():
        found |= {"var": VAR, "database": database.private_cluster().data.parent}
    return found


def disks() -> list[Disk]:
    return [look(purpose, folder) for purpose, folder in folders().items()]


def look(purpose: str, folder: Path) -> Disk:
    """Look at a folder as it is now; one that is not made yet is made where its parent lies."""
    free = total = 0
    fault = ""
    try:
        while not folder.exists():
            folder = folder.parent
        total, _used, free = shutil.disk_usage(folder)
        if free < settings.DISK_RESERVE_MB * MIB:
            fault = f"{free // MIB} MiB free of {total // MIB}, {settings.DISK_RESERVE_MB} needed"
        else:
            write_probe(folder)
    except OSError as error:
        fault = f"cannot be written: {error.strerror}"
    return Disk(purpose, folder, free, total, fault)


def write_probe(folder: Path) -> None:
    """Bring a few bytes to the disk, in a file without a name where the system can do that."""
    with tempfile.TemporaryFile(dir=folder, buffering=0) as file:
        file.write(PROBE)
        os.fsync(file.fileno())
