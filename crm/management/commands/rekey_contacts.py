from django.core.management.base import BaseCommand
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from crm.models import Contact
from zone.privacy.masking import phone_key

BATCH = 1000


class Command(BaseCommand):
    help = _("Compute the search keys of all telephone numbers anew, after CONTACT_KEY changed.")

    def handle(self, *args, **options):
        number, changed = 0, []
        for contact in Contact.objects.only("phone", "phone_key").iterator(chunk_size=BATCH):
            key = phone_key(contact.phone)
            if key != contact.phone_key:
                contact.phone_key = key
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
        return Contact.objects.bulk_update(contacts, ["phone_key"]) if contacts else 0
