"""A cursor is ours or nothing, and one whose history is another is told so."""

import pytest
from django.core import signing
from django.db import connection

from tests import factories
from zone.feed.cursor import BadCursor, Cursor, CursorGone, cursor_now
from zone.feed.log import Place, look
from zone.feed.scope import Scope
from zone.sync.pages import read_page

pytestmark = pytest.mark.django_db(transaction=True)
ZONE = Scope(zone=True)


def reason(cursor: str, scope: Scope = ZONE, **options) -> str:
    with pytest.raises(CursorGone) as gone:
        read_page(scope, cursor, **options)
    return gone.value.reason


def test_a_cursor_says_nothing_to_whoever_carries_it_and_survives_the_way():
    cursor = cursor_now(ZONE.revision)
    assert str(Cursor.read(cursor)) == cursor
    assert cursor.isascii()
    assert " " not in cursor


@pytest.mark.parametrize(
    "text",
    ["", "x", "a:b", "\x00", "é", "x" * 10_000, signing.Signer(salt="another").sign_object([1])],
)
def test_what_is_no_cursor_of_ours_is_refused(text):
    with pytest.raises(BadCursor):
        read_page(ZONE, text)


def test_a_changed_cursor_is_refused():
    cursor = cursor_now(ZONE.revision)
    for place in (0, len(cursor) // 2, -1):
        letters = list(cursor)
        letters[place] = "A" if letters[place] != "A" else "B"
        with pytest.raises(BadCursor):
            read_page(ZONE, "".join(letters))


def test_another_scope_has_to_begin_anew():
    chain = factories.make_chain()
    cursor = cursor_now(ZONE.revision)
    assert reason(cursor, Scope(chains=frozenset({chain.pk}))) == "scope"
    assert reason(cursor, revision="2") == "scope"
    assert read_page(ZONE, cursor_now("2"), revision="2").items == []


def test_every_part_of_a_scope_is_in_its_revision():
    chain, park, user = factories.make_chain(), factories.make_park(), factories.make_user()
    scopes = [
        Scope(),
        ZONE,
        Scope(chains=frozenset({chain.pk})),
        Scope(parks=frozenset({chain.pk})),
        Scope(parks=frozenset({park.pk})),
        Scope(account=user.pk),
    ]
    assert len({scope.revision for scope in scopes}) == len(scopes)


def test_a_database_that_was_restored_elsewhere_has_another_epoch():
    """A dump takes the log and its state along, but neither the server nor the table's number."""
    cursor = cursor_now(ZONE.revision)
    with connection.cursor() as sql:
        sql.execute("ALTER TABLE zone_change RENAME TO old_change")
        sql.execute("CREATE TABLE zone_change (LIKE old_change INCLUDING ALL)")
    try:
        assert reason(cursor) == "restored"
    finally:
        with connection.cursor() as sql:
            sql.execute("DROP TABLE zone_change")
            sql.execute("ALTER TABLE old_change RENAME TO zone_change")
    assert read_page(ZONE, cursor).items == []


def test_a_cursor_from_the_future_is_of_another_history():
    state = look()
    ahead = Cursor(state.epoch, Place(state.newest + 1), ZONE.revision)
    assert reason(str(ahead)) == "restored"


def test_an_emptied_table_lets_everybody_begin_anew():
    cursor = cursor_now(ZONE.revision)
    with connection.cursor() as sql:
        sql.execute("TRUNCATE crm_lead CASCADE")
    assert reason(cursor) == "restored"
