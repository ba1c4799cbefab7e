"""Templates lose the blanks between tags, and nothing that a reader sees or a catalogue holds."""

import pytest

from zone.pages.compact import compact


@pytest.mark.parametrize(
    ("text", "short"),
    [
        ("<ul>\n    <li>\n\n    <b>", "<ul>\n<li>\n<b>"),
        ("{% if a %}\n    <p>\n{% endif %}\n<b>", "{% if a %}<p>\n{% endif %}<b>"),
        ("<b>\n{# why #}\n{% url 'x' as y %}\n</b>", "<b>\n{# why #}{% url 'x' as y %}</b>"),
        ("{% include 'a' %}\n{% csrf_token %}\n<p>", "{% include 'a' %}\n{% csrf_token %}\n<p>"),
        ('class="a\n    {% if b %}\n    c', 'class="a\n{% if b %}    c'),
        ("<p>\n    words\n    more\n</p>", "<p>\n    words\n    more\n</p>"),
        ("{% blocktranslate %}\n    {{ n }} rows\n", "{% blocktranslate %}\n    {{ n }} rows\n"),
        (
            "{% blocktrans %}{{ n }}{% endblocktrans %}\n   <p>",
            "{% blocktrans %}{{ n }}{% endblocktrans %}\n<p>",
        ),
        ("", ""),
    ],
)
def test_blanks_go_from_between_tags_alone(text, short):
    assert compact(text) == short
