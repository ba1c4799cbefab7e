from django.core.management.base import BaseCommand
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from crm.models import Contact
from zone.access.origin import COMMAND, Origin


class Command(BaseCommand):
    help = _("List the contacts whose time is over; with --really, anonymise them.")

    def add_arguments(self, parser):
        parser.add_argument(
            "--really", action="store_true", help=_("Anonymise them; there is no way back.")
        )

    def handle(self, *args, really=False, **options):
        late = Contact.objects.past_retention()
        needed = late.needed().count()
        rows = late.exclude(pk__in=late.needed()).select_related("enterprise")
        number = 0
        for contact in rows.order_by("retain_until", "pk"):
            number += 1
            self.stdout.write(f"{contact.retain_until}  {contact.pk}  {contact.enterprise}")
            if really:
                contact.anonymise(
                    by=None, reason=_("The time of keeping is over."), origin=Origin(COMMAND)
                )
        done = ngettext(
            "%(number)d contact has been anonymised.",
            "%(number)d contacts have been anonymised.",
            number,
        )
        planned = ngettext(
            "%(number)d contact would be anonymised; run it with --really to do so.",
            "%(number)d contacts would be anonymised; run it with --really to do so.",
            number,
        )
        stay = ngettext(
            "%(number)d more is past its time and stays: its lead is open.",
            "%(number)d more are past their time and stay: their leads are open.",
            needed,
        )
        self.stdout.write((done if really else planned) % {"number": number})
        self.stdout.write(stay % {"number": needed})
