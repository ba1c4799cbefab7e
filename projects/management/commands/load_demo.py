from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.utils.translation import gettext as _

from projects.demo import loading
from zone.models import AuditEntry


class Command(BaseCommand):
    help = _("Load the invented year 2025 for demonstration; clear_demo removes it again.")

    def handle(self, *args, **options):
        try:
            with transaction.atomic():
                if rows := loading.load():
                    AuditEntry.objects.record_command("load_demo", rows=rows)
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from error
        if rows:
            message = _("%(rows)d rows of demo data loaded.") % {"rows": rows}
        else:
            message = _("Demo data is there already; nothing was changed.")
        if options["verbosity"]:
            self.stdout.write(message)
