from __future__ import annotations

from argparse import ArgumentTypeError
from datetime import date

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _

from zone.audit import anchors
from zone.audit import chain as audit_chain
from zone.database.checkout import StartProblem


def a_day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ArgumentTypeError(f"{text!r}: write a day as 2025-09-30") from None


def a_head(text: str) -> tuple[date, str]:
    day, separator, head = text.replace(":", "").partition("=")
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

        parser.add_argument(
            "--new-anchors",
            action="store_true",
            help=_("put the file of anchors away and begin a new one, once it is known why"),
        )

    def handle(self, *args, day=None, expect=(), new_anchors=False, **options):
        found = audit_chain.days(day)
        for each in found:
            self.stdout.write(
                _("%(day)s  %(lines)d lines  %(head)s")
                % {"day": each.day, "lines": each.lines, "head": each.head}
            )
        if fault := audit_chain.first_fault(day):
            raise CommandError(_("The trail is broken: %(fault)s") % {"fault": fault})
        self._compare({each.day: each.head for each in found}, dict(expect))
        self._check_anchors(day, new_anchors)
        self.stdout.write(
            _("The trail is whole: %(n)d lines.") % {"n": sum(d.lines for d in found)}
        )
        self.stdout.write(
            _(
                "Keep these hashes where nobody of this machine can write; a later run with "
                "--expect DAY=HASH then also finds a trail that was cut off or made anew."
            )
        )

    def _check_anchors(self, day: date | None, new_anchors: bool):
        """Compare with the anchors; a whole trail gets another one."""
        try:
            if new_anchors and (kept := anchors.begin_anew()):
                self.stdout.write(_("The anchors so far are in %(path)s.") % {"path": kept})
            anchors.check(day)
            if day is None:
                anchors.write()
        except anchors.AnchorFault as fault:
            raise CommandError(
                _(
                    "The trail and its anchors differ: %(fault)s If a backup was restored or a key "
                    "changed on purpose, run verify_audit --new-anchors."
                )
                % {"fault": fault}
            ) from fault
        except (OSError, StartProblem) as error:
            raise CommandError(
                _("The anchors cannot be kept: %(error)s") % {"error": error}
            ) from error

    def _compare(self, heads: dict[date, str], expected: dict[date, str]):
        for day, head in expected.items():
            if heads.get(day) != head:
                raise CommandError(
                    _("%(day)s differs from what was kept: expected %(head)s, found %(found)s.")
                    % {"day": day, "head": head, "found": heads.get(day) or _("no such day")}
                )
