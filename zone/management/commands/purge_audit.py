from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _

from zone.audit import chain as audit_chain
from zone.management.commands.verify_audit import a_day
from zone.schema import grants


class Command(BaseCommand):
    help = _("Remove whole days of the audit trail that are older than 183 days.")

    def add_arguments(self, parser):
        parser.add_argument(
            "--before", type=a_day, required=True, help=_("the first day that stays")
        )
        parser.add_argument(
            "--really", action="store_true", help=_("remove them; without this it only counts")
        )

    def handle(self, *args, before, really=False, **options):
        if really and not grants.owns_trail():
            raise CommandError(
                _(
                    "Only the database's owner removes lines: set DATABASE_OWNER_URL for this "
                    "command."
                )
            )
        try:
            done = (audit_chain.purge if really else audit_chain.plan_purge)(before)
        except ValidationError as refusal:
            raise CommandError(" ".join(refusal.messages)) from refusal
        if not done.lines:
            self.stdout.write(_("There is nothing before %(day)s.") % {"day": before})
            return
        words = {"lines": done.lines, "first": done.first, "last": done.last, "head": done.hash}
        text = (
            _("%(lines)d lines from %(first)s to %(last)s removed; the last hash was %(head)s.")
            if really
            else _(
                "%(lines)d lines from %(first)s to %(last)s would be removed; "
                "run again with --really."
            )
        )
        self.stdout.write(text % words)
