import hashlib
import time
from collections.abc import Iterator
from pathlib import Path

from django.apps import apps
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db.models import FileField
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from zone.access.origin import COMMAND, Origin
from zone.files.types import megabytes
from zone.models import AuditEntry
from zone.models.file_rows import FileRow

DAY = 24 * 60 * 60


class Command(BaseCommand):
    help = _("Compare the uploaded files with their rows; nothing is changed unless asked for.")

    def add_arguments(self, parser):
        parser.add_argument(
            "--remove-orphans",
            action="store_true",
            help=_("Remove files that no row names and that are older than a day."),
        )

    def handle(self, *args, remove_orphans=False, **options):
        # Files first: what is stored from now on cannot look like an orphan.
        files = {str(path.relative_to(settings.MEDIA_ROOT)): path for path in stored()}
        orphans = {name: files[name] for name in files.keys() - named()}
        damaged = list(self._damaged())
        for line in damaged:
            self.stdout.write(line)
        for name, path in sorted(orphans.items()):
            self._tell_orphan(name, path)
        if remove_orphans:
            self._remove(orphans)
        if damaged:
            words = ngettext(
                "%(count)d file is missing or changed; please restore it from the backup.",
                "%(count)d files are missing or changed; please restore them from the backup.",
                len(damaged),
            )
            raise CommandError(words % {"count": len(damaged)})
        self.stdout.write(_("Every row has its file, unchanged."))

    def _damaged(self) -> Iterator[str]:
        for model in (model for model in apps.get_models() if issubclass(model, FileRow)):
            for row in model.objects.order_by("pk").iterator():
                words = {"file": row.file.name, "name": model._meta.verbose_name, "id": row.pk}
                if fault := fault_of(row):
                    yield fault % words

    def _tell_orphan(self, name: str, path: Path):
        words = {"file": name, "size": megabytes(path.stat().st_size)}
        self.stdout.write(_("no row: %(file)s (%(size)s MB)") % words)

    def _remove(self, orphans: dict[str, Path]):
        old = [path for path in orphans.values() if time.time() - path.stat().st_mtime > DAY]
        for path in old:
            path.unlink()
        if old:
            AuditEntry.objects.record(
                AuditEntry.Action.COMMAND,
                origin=Origin(COMMAND),
                command="check_uploads --remove-orphans",
                removed=len(old),
            )
        words = ngettext(
            "%(count)d file without a row removed.",
            "%(count)d files without a row removed.",
            len(old),
        )
        self.stdout.write(words % {"count": len(old)})


def fault_of(row: FileRow) -> str:
    """Return what is wrong with the file of a row; "" where it is as it came."""
    try:
        with row.file.open() as file:
            same = hashlib.file_digest(file, "sha256").hexdigest() == row.sha256
    except FileNotFoundError:
        # It may have been deleted while this ran.
        is_there = type(row).objects.filter(pk=row.pk).exists()
        return _("missing: %(file)s of %(name)s %(id)s") if is_there else ""
    return "" if same else _("changed: %(file)s of %(name)s %(id)s")


def stored() -> list[Path]:
    """Return every file in the folder of uploads, drafts that a kill left behind too."""
    return [path for path in settings.MEDIA_ROOT.rglob("*") if path.is_file()]


def named() -> set[str]:
    """Return every file that a row of any model names."""
    fields = [
        (model, field.name)
        for model in apps.get_models()
        for field in model._meta.concrete_fields
        if isinstance(field, FileField)
    ]
    return {
        name
        for model, field in fields
        for name in model._base_manager.values_list(field, flat=True).iterator()
    }
