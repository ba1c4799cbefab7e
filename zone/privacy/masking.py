"""What a stranger may see of a personal number: the only place that masks.

``Masked`` text shows itself masked wherever it is printed; ``masked_text`` is the last net for
lines nobody looked at, such as logs; ``phone_key`` finds a whole number without showing it.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Callable

from django.conf import settings

from zone import identifiers

STARS = "******"
HIDDEN = "•••"  # in place of what the trail does not repeat
LANDLINE = re.compile(r"(010|02\d|0[3-9]\d\d)-?\d{4,5}(\d{3})(?:-\d{1,6})?", re.ASCII)
# An address line holds them encoded: %40 is @, and a number may follow %20.
EMAIL = re.compile(r"(?<![\w.+-])[\w.+-]++(?:@|%40)[\w-]++(?:\.[\w-]++)++", re.ASCII)
NUMBER = re.compile(
    r"(?:(?<![\d.-])|(?<=%[\dA-F]{2}))"
    r"(?:(?:\+?86-?)?1[3-9]\d{9}|0\d{2,3}-?\d{7,8}|\d{17}[\dXx])(?!\d)",
    re.ASCII,
)
# One look at a text tells most of them free of all that is masked below.
SUSPECT = re.compile(r"@|%40|\d{7}|Failing row contains|[Kk]ey \(", re.ASCII)
# How PostgreSQL says which row it refused: with all its values, brackets and line breaks in them
# as they are. One whose end cannot be told is hidden as far as such a row may reach: a pattern
# that may fail after it began would search on from each of a thousand beginnings.
REFUSED_ROW = re.compile(
    r"(Failing row contains|Key|existing key) \("
    r"(?:.{0,4000}?\)\.?(?= (?:already|is|conflicts) |[ \t]?(?:[\r\n<]|\Z))|.{0,4000})",
    re.S,
)


def mask_phone(number: str) -> str:
    """Return ``138****5678``, ``0355-****345``, and stars alone for whatever is short or odd."""
    digits = identifiers.phone_digits(number)
    if len(digits) == 11 and digits.startswith("1"):
        return f"{digits[:3]}****{digits[-4:]}"
    text = identifiers.compact_phone(number)
    if found := LANDLINE.fullmatch(text):
        return f"{found[1]}-****{found[2]}"
    return STARS if text else ""


def mask_email(address: str) -> str:
    """Return ``z***@example.com``; a name of one letter is hidden with the rest."""
    name, at, domain = identifiers.half_width(address).rpartition("@")
    if not at:
        return STARS if address else ""
    return f"{name[:1] if len(name) > 1 else ''}***@{domain}"


def mask_wechat(name: str) -> str:
    """Return ``zh***``; a name so short that this would tell it is stars alone."""
    text = identifiers.half_width(name)
    if len(text) < 5:
        return STARS if text else ""
    return f"{text[:2]}***"


def masked_text(text: str) -> str:
    """Mask everything in ``text`` that looks like a telephone, an identity card or an e-mail."""
    # As it stands, then as it reads: what a plainer form puts beside a number may hide it again.
    seen = None
    for form in (str, identifiers.with_digits, identifiers.plain):
        if (read := form(text)) == seen:
            continue
        seen = read
        if SUSPECT.search(read) and (masked := _masked(read)) != read:
            text = masked
    return identifiers.visible(text)


def _masked(text: str) -> str:
    text = REFUSED_ROW.sub(lambda found: f"{found[1]} (•••)", text)
    text = EMAIL.sub(lambda found: mask_email(found[0].replace("%40", "@")), text)
    return NUMBER.sub(lambda found: mask_phone(found[0]), text)


def phone_key(number: str) -> str:
    """Return the keyed hash of a whole telephone number in any spelling; "" if it is none."""
    digits = identifiers.phone_digits(number)
    return _keyed(digits) if digits else ""


def phone_end_key(number: str) -> str:
    """Return the keyed hash of the last four digits, which a mask shows; "" if it shows none."""
    shown = re.search(r"\*(\d{4})$", mask_phone(number), re.ASCII)
    return ending_key(shown[1]) if shown else ""


def ending_key(digits: str) -> str:
    """Return the keyed hash under which those whose number ends with four digits are found."""
    return _keyed(f"end {digits}")


def _keyed(text: str) -> str:
    return hmac.new(settings.CONTACT_KEY.encode(), text.encode(), hashlib.sha256).hexdigest()


class Masked(str):
    """Text that prints itself masked: in pages, forms, messages, logs and error reports.

    It compares and is stored as what it is. Whoever needs the characters asks for ``plain``,
    so that each such place can be found; joining and slicing give them too.
    """

    mask: Callable[[str], str] = staticmethod(lambda text: STARS)

    def __new__(cls, text: str, mask: Callable[[str], str] | None = None):
        # str() of a masked text would be its mask.
        masked = super().__new__(cls, text.plain if isinstance(text, Masked) else text)
        if mask:
            masked.mask = mask
        return masked

    @property
    def plain(self) -> str:
        return str.__str__(self)

    def __str__(self):
        return self.mask(self.plain)

    def __repr__(self):
        return repr(str(self))

    def __format__(self, spec):
        return format(str(self), spec)
