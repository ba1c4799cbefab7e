from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.utils.translation import gettext as _

from projects.demo import clearing
from zone.models import AuditEntry, User


class Command(BaseCommand):
    help = _("Remove the demo data, and nothing else.")

    def add_arguments(self, parser):
        parser.add_argument(
            "--keep-people",
            action="store_true",
            help=_("Keep the demo people whom real rows name, as accounts that cannot log in."),
        )

    def handle(self, *args, keep_people=False, **options):
        try:
            with transaction.atomic():
                if removed := clearing.clear(keep_people=keep_people):
                    AuditEntry.objects.record_command(
                        "clear_demo", rows=removed, keep_people=keep_people
                    )
        except clearing.RealRowsInTheWay as error:
            raise CommandError("\n".join(self._explain(error.blockers))) from error
        if options["verbosity"]:
            self.stdout.write(
                _("%(rows)d rows of demo data removed.") % {"rows": removed}
                if removed
                else _("There is no demo data.")
            )

    def _explain(self, blockers: list[clearing.Blocker]):
        yield _("Nothing was removed: real rows refer to demo data.")
        for blocker in blockers:
            yield _("%(what)s, by “%(field)s” (%(number)d):") % {
                "what": blocker.model._meta.verbose_name,
                "field": blocker.label,
                "number": blocker.number,
            }
            for words in blocker.in_words():
                yield f"  {words}"
            if blocker.number > len(blocker.rows):
                yield "  …"
        yield _(
            "Please open each of them in the admin and choose a real entry there, or delete it; "
            "then run clear_demo again."
        )
        if any(blocker.field.related_model is User for blocker in blockers):
            yield _(
                "Where real work was done with a demo account, clear_demo --keep-people keeps that "
                "account in the history and locks it."
            )
