from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _

from crm.models import Contact
from zone.access.origin import COMMAND, Origin


class Command(BaseCommand):
    help = _("Empty one contact's personal data for good; leads and figures stay.")

    def add_arguments(self, parser):
        parser.add_argument("id")
        parser.add_argument("--reason", required=True, help=_("Kept in the audit trail."))

    def handle(self, *args, id, reason, **options):
        try:
            contact = Contact.objects.get(pk=id)
            contact.anonymise(by=None, reason=reason, origin=Origin(COMMAND))
        except (Contact.DoesNotExist, ValidationError) as error:
            reasons = getattr(error, "messages", [_("There is no contact with this ID.")])
            raise CommandError(" ".join(reasons)) from error
        self.stdout.write(_("%(contact)s has been anonymised.") % {"contact": contact.audit_name()})
