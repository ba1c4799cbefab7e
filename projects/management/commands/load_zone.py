from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.utils.translation import gettext as _

from projects import facts
from zone.models import AuditEntry


class Command(BaseCommand):
    help = _("Load the zone's published facts; safe to repeat, never overwrites an edited row.")

    def add_arguments(self, parser):
        parser.add_argument(
            "--restore",
            action="store_true",
            help=_("Bring back the facts that were deleted in the admin."),
        )

    def handle(self, *args, restore=False, **options):
        try:
            with transaction.atomic():
                counts = facts.load(restore=restore)
                if rows := sum(count.created for count in counts):
                    AuditEntry.objects.record_command("load_zone", rows=rows, restore=restore)
        except ValidationError as error:
            raise CommandError(
                _("A published fact does not fit what is recorded, nothing was loaded: %s")
                % "; ".join(error.messages)
            ) from error
        if options["verbosity"]:
            self._report(counts)

    def _report(self, counts: list[facts.Count]):
        for count in counts:
            line = _("%(what)s: %(created)d created, %(kept)d already there") % {
                "what": count.model._meta.verbose_name_plural,
                "created": count.created,
                "kept": count.kept,
            }
            if count.deleted:
                line += _(", %(deleted)d deleted in the admin and left so") % {
                    "deleted": count.deleted
                }
            self.stdout.write(line)
