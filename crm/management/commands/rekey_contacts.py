from django.core.management.base import BaseCommand
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from crm.models import Contact

BATCH = 1000
KEYS = ("phone_key", "phone_end_key")


class Command(BaseCommand):
    help = _("Compute the search keys of all telephone numbers anew, after CONTACT_KEY changed.")

    def handle(self, *args, **options):
        number, changed = 0, []
        for contact in Contact.objects.only("phone", *KEYS).iterator(chunk_size=BATCH):
            before = [getattr(contact, name) for name in KEYS]
            # Each field makes its key anew from the number.
            made = [Contact._meta.get_field(name).pre_save(contact, add=False) for name in KEYS]
            if made != before:
                changed.append(contact)
            if len(changed) == BATCH:
                number += self._write(changed)
                changed = []
        number += self._write(changed)
        words = ngettext(
            "%(number)d contact has a new key.", "%(number)d contacts have a new key.", number
        )
        self.stdout.write(words % {"number": number})

    @staticmethod
    def _write(contacts: list[Contact]) -> int:
        return Contact.objects.bulk_update(contacts, KEYS) if contacts else 0
