"""manage.py create_api_client: a client of the interface with its first key, for set-up scripts."""

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.utils.translation import gettext as _

from zone.access.origin import COMMAND, Origin
from zone.models import ApiClient, AuditEntry, IndustryChain, Park, User
from zone.models.audit import readable


class Command(BaseCommand):
    help = "Create a client of the interface and print its key, alone on the last line."

    def add_arguments(self, parser):
        parser.add_argument("name", metavar="NAME")
        parser.add_argument("--scopes", default="", help="leads:read,changes:read")
        parser.add_argument("--purpose", default="")
        parser.add_argument("--owner", default="", metavar="USERNAME", help="who answers for it")
        parser.add_argument("--network", action="append", default=[], metavar="CIDR")
        parser.add_argument(
            "--source", action="append", default=[], metavar="NAME", help="whose ids it writes: oa"
        )
        parser.add_argument("--days", type=int, default=365)
        parser.add_argument("--zone", action="store_true", help="the rows of the whole zone")
        parser.add_argument("--chain", nargs="+", default=[], metavar="CODE")
        parser.add_argument("--park", nargs="+", default=[], metavar="CODE")

    def handle(self, *, name, scopes, purpose, source, zone, chain, park, **options):
        if zone == bool(chain or park):
            raise CommandError(_("Name what the client sees: --zone, or --chain and --park."))
        scopes = [scope.strip() for scope in scopes.split(",") if scope.strip()]
        try:
            with transaction.atomic():
                client = ApiClient(name=name, purpose=purpose, scopes=scopes, sources=source)
                client.networks, client.whole_zone = options["network"], zone
                client.owner = self._person(options["owner"])
                client.full_clean(exclude=["account"])
                client.save()
                client.chains.set(self._found(IndustryChain, chain))
                client.parks.set(self._found(Park, park))
                AuditEntry.objects.record_command("create_api_client", client=name)
                if client.sources:
                    bound = {"sources": ["", readable(client, "sources")]}
                    rights, by_command = AuditEntry.Action.RIGHTS, Origin(COMMAND)
                    AuditEntry.objects.record(rights, of=client, changes=bound, origin=by_command)
                key = client.issue_key(days=options["days"])
        except ValidationError as refusal:
            raise CommandError(" ".join(refusal.messages)) from refusal
        if client.warning:
            self.stderr.write(client.warning)
        self.stdout.write(_("%(name)s may: %(scopes)s") % {"name": name, "scopes": scopes})
        self.stdout.write(key)

    @staticmethod
    def _person(username: str) -> User | None:
        person = User.objects.filter(username=username, is_service=False).first()
        if username and person is None:
            raise CommandError(_("There is nobody of the user name %s.") % username)
        return person

    @staticmethod
    def _found(model, codes: list[str]) -> list:
        rows = list(model.objects.filter(code__in=codes))
        missing = sorted(set(codes) - {row.code for row in rows})
        if missing:
            known = ", ".join(model.objects.values_list("code", flat=True))
            raise CommandError(
                _("No such code: %(missing)s. There are: %(known)s.")
                % {"missing": ", ".join(missing), "known": known}
            )
        return rows
