from __future__ import annotations

from argparse import ArgumentTypeError
from datetime import date

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _

from zone import sealing


def a_day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ArgumentTypeError(f"{text!r}: write a day as 2025-09-30") from None


def a_head(text: str) -> tuple[date, str]:
    day, separator, head = text.partition("=")
    if not separator or len(head) != 64:
        raise ArgumentTypeError(f"{text!r}: write DAY=HASH as this command printed it")
    return a_day(day), head.lower()


class Command(BaseCommand):
    help = _("Prove that the audit trail is as it was written, or name the first broken line.")

    def add_arguments(self, parser):
        parser.add_argument("--day", type=a_day, help=_("only this day, as 2025-09-30"))
        parser.add_argument(
            "--expect",
            type=a_head,
            action="append",
            default=[],
            metavar="DAY=HASH",
            help=_("compare a day with the hash kept elsewhere; may be given several times"),
        )

    def handle(self, *args, day=None, expect=(), **options):
        found = sealing.days(day)
        for each in found:
            self.stdout.write(
                _("%(day)s  %(lines)d lines  %(head)s")
                % {"day": each.day, "lines": each.lines, "head": each.head}
            )
        if fault := sealing.first_fault(day):
            raise CommandError(_("The trail is broken: %(fault)s") % {"fault": fault})
        self._compare({each.day: each.head for each in found}, dict(expect))
        self.stdout.write(
            _("The trail is whole: %(n)d lines.") % {"n": sum(d.lines for d in found)}
        )
        self.stdout.write(
            _(
                "Keep these hashes where nobody of this machine can write; a later run with "
                "--expect DAY=HASH then also finds a trail that was cut off or made anew."
            )
        )

    def _compare(self, heads: dict[date, str], expected: dict[date, str]):
        for day, head in expected.items():
            if heads.get(day) != head:
                raise CommandError(
                    _("%(day)s differs from what was kept: expected %(head)s, found %(found)s.")
                    % {"day": day, "head": head, "found": heads.get(day) or _("no such day")}
                )
