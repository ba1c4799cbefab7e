"""Who is mentioned in a follow-up: @ and a name, as it stands in the account."""

from __future__ import annotations

import re
from collections import defaultdict

from zone.models import User

AT = re.compile(r"[@＠]")
LONGEST, MOST = 50, 10  # characters of a name, and mentions that are read


def mentioned(text: str, row) -> list[User]:
    """Return those who see ``row`` and whom ``text`` names after an @.

    The longest name counts, since what follows may be part of the sentence. A name that two of
    them bear is nobody's.
    """
    pieces = [piece[:LONGEST] for piece in AT.split(text)[1 : MOST + 1]]
    named = {piece[:end] for piece in pieces for end in range(2, len(piece) + 1)}
    if not named:
        return []
    found: dict[str, list[User]] = defaultdict(list)
    for person in User.objects.filter(display_name__in=named, is_active=True, is_service=False):
        if sees(person, row):
            found[person.display_name].append(person)
    return [people[0] for people in map(found.get, _names(pieces, found)) if len(people) == 1]


def sees(person: User, row) -> bool:
    options = row._meta
    may = person.has_perm(f"{options.app_label}.view_{options.model_name}")
    return may and options.model.objects.visible_to(person, "view").filter(pk=row.pk).exists()


def _names(pieces: list[str], known) -> list[str]:
    """Return the longest known name that each piece begins with, each name once."""
    names = []
    for piece in pieces:
        fitting = [name for name in known if piece.startswith(name)]
        if fitting:
            names.append(max(fitting, key=len))
    return list(dict.fromkeys(names))
