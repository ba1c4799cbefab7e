"""A consumer as the contract has it: it follows the feed and keeps a copy."""

from __future__ import annotations

from uuid import UUID

from zone.feed.cursor import cursor_now
from zone.feed.scope import Scope
from zone.sync.pages import UPSERT, Page, read_page


class Replica:
    """A copy of what one scope sees: ``{(entity, id): version}``, made by pages alone."""

    def __init__(self, scope: Scope, using: str = "default"):
        self.scope, self.using = scope, using
        self.cursor = cursor_now(scope.revision, using)
        self.held: dict[tuple[str, UUID], tuple[int, bool]] = {}

    def copy(self, rows: dict[tuple[str, UUID], int]):
        """Take over what the lists showed (after the cursor was made)."""
        for key, version in rows.items():
            self.apply(key, version, there=True)

    def apply(self, key: tuple[str, UUID], version: int, there: bool):
        if key not in self.held or self.held[key][0] <= version:
            self.held[key] = (version, there)

    def read(self, **options) -> Page:
        page = read_page(self.scope, self.cursor, using=self.using, **options)
        for item in page.items:
            self.apply((item.entity, item.id), item.version, item.op == UPSERT)
        self.cursor = page.cursor
        return page

    def drain(self, **options) -> list:
        items = []
        while True:
            page = self.read(**options)
            items += page.items
            if not page.has_more:
                return items

    @property
    def rows(self) -> dict[tuple[str, UUID], int]:
        return {key: version for key, (version, there) in self.held.items() if there}
