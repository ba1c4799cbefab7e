"""Published identifiers: how they are written, checked and normalised.

Each ``check_…`` is a Django validator: it takes the normalised text and raises
``ValidationError`` saying what is wrong and what to do.
"""

import re
import unicodedata
from collections.abc import Iterator

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from stdnum.iso7064 import mod_11_10

USCC_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"  # GB 32100-2015: no I, O, S, V, Z
USCC_WEIGHTS = [pow(3, place, 31) for place in range(17)]
USCC_PATTERN = re.compile(rf"[{USCC_ALPHABET}]{{2}}\d{{6}}[{USCC_ALPHABET}]{{10}}", re.ASCII)
PROJECT_CODE_PATTERN = re.compile(r"\d{4}-\d{6}-\d{2}-\d{2}-\d{6}", re.ASCII)
INDUSTRY_PATTERN = re.compile(r"[A-T]\d{2,4}", re.ASCII)
REGION_PATTERN = re.compile(r"[1-8]\d{5}", re.ASCII)
PHONE_PATTERN = re.compile(
    r"1[3-9]\d{9}|0\d{2,3}-?\d{7,8}(-\d{1,6})?|[48]00-?\d{3}-?\d{4}", re.ASCII
)
SOURCE_PATTERN = re.compile(r"[a-z0-9][a-z0-9._-]{0,49}", re.ASCII)
WHOLE_NUMBER = re.compile(r"1[3-9]\d{9}|0\d{9,17}|[48]00\d{7}", re.ASCII)
# A mobile number in free text, its groups apart by a blank, a dash or a dot.
MOBILE_IN_TEXT = re.compile(
    r"(?<!\d)(?<!\d-)(?:\+?(?:00)?86[ -]?)?(1[ \t.·_/-]{0,2}[3-9](?:[ \t.·_/-]{0,2}\d){9})"
    r"(?![ -]?\d)",
    re.ASCII,
)
IDENTITY_IN_TEXT = re.compile(
    r"(?<![\dA-Za-z])[1-8]\d{5}[ -]?(?:18|19|20)\d{2}[ -]?(?:0[1-9]|1[0-2])[ -]?"
    r"(?:0[1-9]|[12]\d|3[01])[ -]?\d{3}[\dXx](?![\dA-Za-z])",
    re.ASCII,
)
DASHES = dict.fromkeys(map(ord, "‐‑‒–—−－"), "-")
# Radicals and strokes as PDF files give them in place of the characters they look like, which
# NFKC leaves alone (Unicode: EquivalentUnifiedIdeograph.txt).
RADICALS = str.maketrans(
    (
        "⺁⺂⺃⺄⺅⺆⺇⺈⺉⺊⺋⺌⺍⺎⺏⺐⺑⺒⺓⺔⺕⺖⺗⺘⺙⺛⺜⺝⺞⺟⺠⺡⺢⺣⺤⺥⺦⺧⺨⺩"
        "⺪⺫⺬⺭⺮⺯⺰⺱⺲⺳⺴⺵⺶⺷⺸⺹⺺⺻⺼⺽⺾⺿⻀⻁⻂⻃⻄⻅⻆⻇⻈⻉⻊⻋⻌⻍⻎⻏⻐⻑"
        "⻒⻓⻔⻕⻖⻗⻘⻙⻚⻛⻜⻝⻞⻟⻠⻡⻢⻣⻤⻥⻦⻧⻨⻩⻪⻫⻬⻭⻮⻯⻰⻱⻲⻳㇆㇏㇐㇑㇒㇓"
        "㇔㇕㇖㇗㇘㇙㇚㇛㇜㇝㇞㇟㇠㇡"
    ),
    (
        "厂乛乚乙亻冂𠘨刀刂卜㔾小小兀尣尢𡯂巳幺彑𫜹忄心扌攵旡日月歺母民氵氺灬爫爫丬牛犭王"
        "𤴔目示礻𥫗糹纟罓罒㓁冗𦉫羊𦍌𦍋耂肀聿肉𦥑艹艹艹虎衤覀西见角𧢲讠贝𧾷车辶辶辶邑钅長"
        "镸长门𨸏阝雨青韦页风飞食𩙿飠饣𩠐马骨鬼鱼鸟卤麦黄黾斉齐歯齿竜龙龜亀龟𠃌乀一丨丿丿"
        "丶𠃍乛𠃊𠃎𠄌亅𡿨𠃋乀𠃑乚乙𠄎"
    ),
)
# Of every script; the last that Unicode has lie below U+1FC00.
DIGITS = {
    code: str(unicodedata.digit(chr(code))) for code in range(0x80, 0x1FC00) if chr(code).isdigit()
}
DECIMALS = {code: digit for code, digit in DIGITS.items() if chr(code).isdecimal()}
PLAIN = DASHES | RADICALS | DIGITS | {0x1680: " "}  # the one blank that NFKC leaves
# Cyrillic, Greek and Lisu capitals that look like Latin ones, katakana like ideographs.
LOOK_ALIKES = str.maketrans(
    "АВЕЅІЈКМНОРСТУХΑΒΕΖΗΙΚΜΝΟΡΤΥΧꓮꓐꓚꓓꓰꓝꓖꓧꓲꓙꓗꓡꓟꓠꓳꓑꓣꓢꓔꓴꓦꓪꓫꓬꓜエニロカハトター",
    "ABESIJKMHOPCTYXABEZHIKMNOPTYXABCDEFGHIJKLMNOPRSTUVWXYZ工二口力八卜夕一",
)
# Shown by nothing, though Unicode counts them among letters, marks and signs: fillers, joiners,
# variation selectors, the blank of Braille, a note without a head.
UNSEEN = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\ufff0-\ufff8\ufffc"
    "\U00016fe4\U0001d159\U000e0000-\U000e0fff]"
)
PIECE = 64  # characters
LIGATURE = "\ufdfa"  # one character that NFKC writes as eighteen
CONTROL = re.compile("[\0-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
CONTROL_IN_PROSE = re.compile("[\0-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


def visible(text: str) -> str:
    """Return ``text`` without the characters that nobody sees in it; blanks and breaks stay."""
    if text.replace("\n", "").isprintable() and not UNSEEN.search(text):
        return text
    unseen = {ord(sign): None for sign in set(text) if _is_unseen(sign)}
    return text.translate(unseen) if unseen else text


def _is_unseen(sign: str) -> bool:
    # Planes 2 and 3 are for ideographs: one that Python does not know yet may be in a name.
    ideograph = 0x20000 <= ord(sign) <= 0x3FFFF and ord(sign) & 0xFFFF < 0xFFFE
    unprintable = not (sign.isprintable() or sign.isspace() or ideograph)
    return unprintable or UNSEEN.match(sign) is not None


def line(text: str) -> str:
    """Return ``text`` as one line has it: nothing unseen, blanks of one kind and none around."""
    text = visible(text)
    return (text if text.isprintable() else re.sub(r"\s", " ", text)).strip()


def one_line(text: str) -> str:
    """Return ``text`` as ``line`` does; raises ``ValidationError`` when it breaks within."""
    text = text.strip()
    if CONTROL.search(text):
        raise ValidationError(
            _("This holds a line break or a control character; please write it in one line."),
            code="control",
        )
    return line(text)


def prose(text: str) -> str:
    """Return a text of several lines, ended in one way, without what nobody sees."""
    return visible(text.replace("\r\n", "\n")).strip()


def several_lines(text: str) -> str:
    """Return ``text`` as ``prose`` does; raises ``ValidationError`` for control characters."""
    text = text.replace("\r\n", "\n").strip()
    if CONTROL_IN_PROSE.search(text):
        raise ValidationError(
            _("This holds a control character; please paste it as plain text, or type it anew."),
            code="control",
        )
    return prose(text)


def plain(text: str) -> str:
    """Turn full-width and look-alike digits, letters and marks into usual ones."""
    text = visible(text)
    if text.isascii():
        return text
    return normal_form(text).translate(PLAIN)


def normal_form(text: str, form: str = "NFKC") -> str:
    """Normalise Unicode piece by piece; an Arabic ligature stays as it is.

    The marks that follow one letter are sorted in a time that grows with the square of their
    number, so 100 KB of them would take minutes. A piece ends before a letter, unless the marks
    are more than anybody writes.
    """
    is_short = len(text) <= PIECE  # of a short one it is quick to tell
    if text.isascii() or (is_short and unicodedata.is_normalized(form, text)):
        return text
    return LIGATURE.join(
        "".join(unicodedata.normalize(form, piece) for piece in _pieces(part))
        for part in text.split(LIGATURE)
    )


def _pieces(text: str) -> Iterator[str]:
    start = 0
    while start < len(text):
        end = start + PIECE
        last = min(end + PIECE, len(text))
        while end < last and _joins(text[end]):
            end += 1
        yield text[start:end]
        start = end


def with_digits(text: str) -> str:
    """Return ``text`` with usual digits and without what nobody sees; all else as it is."""
    return visible(text).translate(DECIMALS)


def _joins(sign: str) -> bool:
    """Whether ``sign`` may become one with what stands before it."""
    is_jamo = "\u1161" <= sign <= "\u11ff" or sign in "\uff9e\uff9f"
    return is_jamo or unicodedata.combining(sign) > 0


def half_width(text: str) -> str:
    """Turn full-width digits, letters and marks into plain ones and strip blanks around."""
    return plain(text).strip()


def holds_numeral(text: str) -> bool:
    """Whether a sign of ``text`` is a number by itself (½, ², ①); half width makes it another."""
    return any(unicodedata.category(sign) == "No" for sign in text)


def registered_name(text: str) -> str:
    """Return a company's name as it is registered: plain letters and digits, brackets as typed."""
    parts = re.split("([（）])", text)
    return "".join(part if part in "（）" else plain(part) for part in parts).strip()


def folded(text: str) -> str:
    """Return ``text`` as it is searched: as ``zone.database.folding`` has it."""
    return re.sub(r"\s+", "", normal_form(visible(text)))


def source_code(text: str) -> str:
    """Normalise the name of another system: half-width, lower case."""
    return half_width(text).lower()


def compact(text: str) -> str:
    """Normalise a code: half-width, upper case, no blanks inside."""
    return re.sub(r"\s+", "", half_width(text)).upper()


def whole_code(text: str) -> str:
    """Return the credit or project code that ``text`` is, however spaced; "" if it is none."""
    code = compact(text)
    patterns = (USCC_PATTERN, PROJECT_CODE_PATTERN)
    return code if any(pattern.fullmatch(code) for pattern in patterns) else ""


def compact_phone(text: str) -> str:
    """Normalise a telephone number: half-width, no blanks, no +86."""
    return re.sub(r"^(\+86|0086)-?", "", compact(text))


def phone_digits(text: str) -> str:
    """Return a whole number's digits, the same for all its spellings; "" if it is none."""
    text = half_width(text)
    if not re.fullmatch(r"[+\d\s()./-]+", text, re.ASCII):
        return ""
    digits = re.sub(r"\D", "", text)
    international = re.match(r"0086", digits) or (
        digits.startswith("86") and (text.startswith("+") or len(digits) == 13)
    )
    if international:
        digits = re.sub(r"^(00)?86", "", digits)
        # Abroad one leaves out the 0 of an area code.
        if not WHOLE_NUMBER.fullmatch(digits):
            digits = f"0{digits}"
    return digits if WHOLE_NUMBER.fullmatch(digits) else ""


def exact_key(name: str) -> str:
    """Return a company's name without what says nothing: kind of brackets, width, blanks, case."""
    return folded(half_width(name)).lower()


def name_key(name: str) -> str:
    """Return what like names share, those of one company or of two: a reason to ask."""
    text = (
        re.sub(r"[\s()（）·・•‧.,，。、_’‘“”'\"\-]+", "", half_width(name))
        .upper()
        .translate(LOOK_ALIKES)
    )
    return re.sub(r"(股份有限公司|有限责任公司|有限公司|股份公司|公司)$", "", text) or text


def uscc_check_character(first_17: str) -> str:
    total = sum(
        USCC_ALPHABET.index(c) * weight for c, weight in zip(first_17, USCC_WEIGHTS, strict=True)
    )
    return USCC_ALPHABET[-total % 31]


def check_uscc(value: str) -> None:
    """Check a unified social credit code (GB 32100-2015)."""
    if len(value) != 18:
        raise ValidationError(
            _("The unified social credit code has 18 characters; this one has %(count)s."),
            code="uscc_length",
            params={"count": len(value)},
        )
    if not USCC_PATTERN.fullmatch(value):
        raise ValidationError(
            _(
                "A unified social credit code holds digits and capital letters without "
                "I, O, S, V and Z, and its characters 3 to 8 are digits. Please compare it "
                "with the licence."
            ),
            code="uscc_characters",
        )
    expected = uscc_check_character(value[:17])
    if value[17] != expected:
        raise ValidationError(
            _(
                "Character 18 of the unified social credit code does not match; please check "
                "it (it should be %(expected)s)."
            ),
            code="uscc_check",
            params={"expected": expected},
        )


def check_project_code(value: str) -> None:
    """Check the shape of a national project code (GB/T 40058-2021)."""
    if not PROJECT_CODE_PATTERN.fullmatch(value):
        raise ValidationError(
            _(
                "The national project code has 20 digits in five groups, "
                "such as 2503-140471-89-01-000019."
            ),
            code="project_code",
        )


def project_code_looks_mistyped(value: str) -> bool:
    """Whether a code of the new form (YYMM-…) fails its check digit.

    ISO 7064 MOD 11,10 was found by experience, not stated in the standard's excerpts, and
    codes from before 2020-11 (four-digit year) have none: a warning, never a refusal.
    """
    if not PROJECT_CODE_PATTERN.fullmatch(value) or not "01" <= value[2:4] <= "12":
        return False
    return not mod_11_10.is_valid(value.replace("-", ""))


def check_industry_code(value: str) -> None:
    """Check the shape of an industry code (GB/T 4754-2017)."""
    if not INDUSTRY_PATTERN.fullmatch(value):
        raise ValidationError(
            _("An industry code is one letter from A to T with 2 to 4 digits, such as C3985."),
            code="industry_code",
        )


def check_region_code(value: str) -> None:
    """Check the shape of a region code (GB/T 2260)."""
    if not REGION_PATTERN.fullmatch(value):
        raise ValidationError(
            _("A region code has 6 digits, such as 140403 for Luzhou district."),
            code="region_code",
        )


def check_source(value: str) -> None:
    """Check the name of another system, so that no two look alike."""
    if not SOURCE_PATTERN.fullmatch(value):
        raise ValidationError(
            _(
                "A source is named by up to 50 plain letters, digits and the signs . _ -, such as "
                "oa; it begins with a letter or digit. Several are written with commas."
            ),
            code="source",
        )


def check_phone(value: str) -> None:
    """Check a telephone number: mobile, landline with area code, or 400/800."""
    if not PHONE_PATTERN.fullmatch(value):
        raise ValidationError(
            _(
                "Please enter a mobile number of 11 digits, a landline with its area code "
                "such as 0355-2012345, or a 400 number."
            ),
            code="phone",
        )


def no_identity_number(value: str) -> None:
    """Refuse an identity-card number (GB 11643): the system keeps none, anywhere."""
    _refuse_identity_number(half_width(value))


def _refuse_identity_number(text: str) -> None:
    if IDENTITY_IN_TEXT.search(text):
        raise ValidationError(
            _("This holds an identity-card number; please leave it out, none are kept here."),
            code="identity_number",
        )


def no_personal_number(value: str) -> None:
    """Refuse mobile and identity-card numbers in free text, where nothing masks them."""
    text = half_width(value)
    _refuse_identity_number(text)
    for found in MOBILE_IN_TEXT.finditer(text):
        groups = [len(group) for group in re.findall(r"\d+", found[1])]
        # 18.5-20.35 1500 is no telephone; 1 3 8 … and 138 1234 5678 are.
        if groups[0] >= 3 or set(groups) == {1}:
            raise ValidationError(
                _("This holds a telephone number; please put it into the contact instead."),
                code="personal_number",
            )
