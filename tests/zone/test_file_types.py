"""What is taken in and what is refused: by its ending, by its content, with the cure."""

import struct
import zipfile
from io import BytesIO
from random import Random

import pytest
from django.core.exceptions import ValidationError
from django.utils import translation

from tests import files
from zone.files import contents
from zone.files.types import MAX_NAME, MAX_SIZE, clean_name, megabytes, recognise


def refusal(name: str, content: bytes) -> str:
    """Return the code of the refusal, or the type of what was taken."""
    try:
        return recognise(files.upload(name, content), clean_name(name)).content_type
    except ValidationError as error:
        return error.code


@pytest.mark.parametrize("name", files.REAL)
def test_what_the_office_uses_is_taken(name):
    taken = recognise(files.upload(name, files.REAL[name]), name)
    assert taken.content_type.split("/")[0] in ("application", "image")


def zip_bomb() -> bytes:
    return files.docx(**{"word/media/a.bin": b"\0" * 3_000_000})


def lying_zip() -> bytes:
    """An entry that says it is short and unpacks to more."""
    content = bytearray(files.docx(**{"word/media/a.bin": b"\0" * 1000}))
    for at in (content.rfind(b"PK\1\2") + 24, content.rfind(b"PK\3\4") + 22):
        content[at : at + 4] = struct.pack("<I", 10)
    return bytes(content)


def overlapping_zip() -> bytes:
    """Many entries that all point at the same bytes."""
    plain = files.docx(**{"word/00.bin": Random(1).randbytes(9_000)})
    last, end = plain.rfind(b"PK\1\2"), plain.rfind(b"PK\5\6")
    more = b"".join(plain[last:end].replace(b"00.bin", b"%02d.bin" % n) for n in range(1, 20))
    start = plain.find(b"PK\1\2")
    numbers = struct.pack("<4H2LH", 0, 0, 22, 22, end - start + len(more), start, 0)
    return plain[:end] + more + b"PK\5\6" + numbers


def encrypted_zip() -> bytes:
    content = bytearray(files.docx())
    content[content.find(b"PK\1\2") + 8] |= 1
    return bytes(content)


def twice_named_zip() -> bytes:
    with zipfile.ZipFile(out := BytesIO(files.docx()), "a") as package:
        package.writestr("WORD/document.xml", "<other/>")
    return out.getvalue()


def macro_docx() -> bytes:
    says = "application/vnd.ms-word.document.macroEnabled.main+xml"
    return files.docx(**{"[Content_Types].xml": says})


def corrupt_zip() -> bytes:
    content = bytearray(files.docx(**{"word/a.xml": "<a>" * 400}))
    content[content.find(b"word/a.xml") + 14] ^= 0xFF
    return bytes(content)


MZ, OLE = b"MZ\x90\0" + b"\0" * 200, contents.OLD_OFFICE + b"\0" * 600
HTML = b"<!DOCTYPE html><html><script>alert(1)</script></html>"
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>'
HOSTILE = {
    # the ending says no
    "a program": ("安装.exe", MZ, "ending"),
    "a double ending": ("合同.pdf.exe", MZ, "ending"),
    "a page": ("合同.html", HTML, "ending"),
    "a drawing with script": ("标志.svg", SVG, "ending"),
    "a macro document": ("合同.docm", files.docx(), "ending"),
    "a macro table": ("台账.xlsm", files.xlsx(), "ending"),
    "an old document": ("合同.doc", OLE, "ending"),
    "an archive": ("材料.zip", files.docx(), "ending"),
    "a phone's own format": ("现场.heic", b"\0\0\0\x18ftypheic", "ending"),
    "no ending": ("合同", files.pdf(), "ending"),
    "only an ending": (".pdf", files.pdf(), "ending"),
    "a zero byte before the ending": ("合同.pdf\0.exe", files.pdf(), "ending"),
    "a reversed ending": ("合同\u202efdp.exe", MZ, "ending"),
    "an ending in wide letters": ("合同.ｐｄｆ", files.pdf(), "ending"),
    # the name hides something
    "a program before the ending": ("合同.exe.pdf", files.pdf(), "hidden_ending"),
    "a page before the ending": ("合同.HTML.jpg", files.jpeg(), "hidden_ending"),
    "a zero byte behind the program": ("合同.exe\0.pdf", files.pdf(), "hidden_ending"),
    # the content is another one
    "a program renamed": ("合同.pdf", MZ, "mismatch"),
    "a page renamed": ("合同.pdf", HTML, "mismatch"),
    "a drawing renamed": ("现场.png", SVG, "mismatch"),
    "a picture of another kind": ("现场.png", files.jpeg(), "mismatch"),
    "a document called a picture": ("现场.jpg", files.pdf(), "mismatch"),
    "space before the start": ("合同.pdf", b"\n" + files.pdf(), "mismatch"),
    "a table called a document": ("纪要.docx", files.xlsx(), "mismatch"),
    "a document called official": ("批复.ofd", files.docx(), "mismatch"),
    "any archive called a document": ("纪要.docx", files.package({"a.txt": "a"}), "mismatch"),
    "macros under a plain ending": ("纪要.docx", macro_docx(), "mismatch"),
    "an old document renamed": ("纪要.docx", OLE, "protected"),
    # two files in one
    "a page within a document": ("合同.pdf", b"%PDF-1.7\n" + HTML + files.pdf(), "two_in_one"),
    "a page within a picture": (
        "现场.jpg",
        files.jpeg(before=files.jpeg_segment(0xFE, HTML)),
        "two_in_one",
    ),
    "an archive behind a document": ("合同.pdf", files.pdf() + files.docx(), "two_in_one"),
    "an archive behind a picture": ("现场.jpg", files.jpeg() + files.docx(), "two_in_one"),
    "a page behind a picture": ("截图.png", files.png() + HTML, "two_in_one"),
    "a program before an archive": ("纪要.docx", b"PK\3\4" + MZ + files.docx(), "two_in_one"),
    "a program behind an archive": ("纪要.docx", files.docx() + MZ, "two_in_one"),
    # programs inside
    "macros inside": ("纪要.docx", files.docx(**{"word/vbaProject.bin": OLE}), "programs"),
    "macro sheets inside": (
        "台账.xlsx",
        files.xlsx(**{"xl/macrosheets/sheet1.xml": "<m/>"}),
        "programs",
    ),
    "a program inside": ("批复.ofd", files.ofd(**{"Doc_0/Attachs/a.EXE": MZ}), "programs"),
    # more than it seems
    "a zip bomb": ("纪要.docx", zip_bomb(), "swollen"),
    "entries that share their bytes": ("纪要.docx", overlapping_zip(), "swollen"),
    "a length that lies": ("纪要.docx", lying_zip(), "damaged"),
    "too many parts": ("纪要.docx", files.docx(**{f"{n}": "" for n in range(200)}), "entries"),
    "a huge picture": ("现场.jpg", files.jpeg(20_000, 5_001), "pixels"),
    "a huge screenshot": ("截图.png", files.png(2**31, 2**31), "pixels"),
    "one byte too many": ("合同.pdf", files.pdf(size=MAX_SIZE + 1), "size"),
    # broken
    "nothing": ("合同.pdf", b"", "empty"),
    "a document cut short": ("合同.pdf", files.pdf()[:-20], "damaged"),
    "a photo cut short": ("现场.jpg", files.jpeg()[:-9], "damaged"),
    "a photo without a picture": ("现场.jpg", b"\xff\xd8\xff\xe0\0\x10JFIF\0", "damaged"),
    "a photo of no size": ("现场.jpg", files.jpeg(0, 0), "damaged"),
    "a screenshot cut short": ("截图.png", files.png()[:-6], "damaged"),
    "a screenshot of its start alone": ("截图.png", contents.PNG_HEAD, "damaged"),
    "an archive cut short": ("纪要.docx", files.docx()[:-40], "damaged"),
    "an archive with a wrong bit": ("纪要.docx", corrupt_zip(), "damaged"),
    "two parts of one name": ("纪要.docx", twice_named_zip(), "damaged"),
    "a part that climbs out": ("纪要.docx", files.docx(**{"../../etc/x": "x"}), "damaged"),
    "a password inside": ("纪要.docx", encrypted_zip(), "protected"),
}


@pytest.mark.parametrize("what", HOSTILE)
def test_a_hostile_file_is_refused(what):
    name, content, code = HOSTILE[what]
    assert refusal(name, content) == code


def test_a_file_of_exactly_20_mib_is_taken():
    content = files.pdf(size=MAX_SIZE)
    assert len(content) == 20 * 1024 * 1024
    assert refusal("合同.pdf", content) == "application/pdf"


def test_a_photo_may_carry_exif_with_a_thumbnail_and_more_behind_its_end():
    exif = files.jpeg_segment(0xE1, b"Exif\0\0" + files.jpeg())
    assert refusal("现场.jpg", files.jpeg(before=exif) + b"ftypmp42" * 50) == "image/jpeg"
    assert refusal("现场.jpg", files.jpeg(before=exif)[:-2]) == "damaged"


@pytest.mark.parametrize("name", files.REAL)
def test_no_cut_and_no_changed_byte_makes_a_reader_fail(name):
    """A crafted file is taken or refused; it never ends in an error page."""
    content = files.REAL[name]
    step = max(1, len(content) // 60)
    for at in range(0, len(content), step):
        refusal(name, content[:at])
        for value in (0, 0xFF):
            refusal(name, content[:at] + bytes([value]) + content[at + 1 :])


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("合同.pdf", "合同.pdf"),
        ("../../etc/passwd.pdf", "passwd.pdf"),
        ("C:\\资料\\合同.pdf", "合同.pdf"),
        ("合同\u202efdp.jpg", "合同fdp.jpg"),
        ("合\u200b同\ufeff.pdf", "合同.pdf"),
        ("合同\r\nSet-Cookie: a.pdf", "合同 Set-Cookie a.pdf"),
        ('a<b>"c|d?e*f.pdf', "a b c d e f.pdf"),
        ("  关于 3.5亿元 的请示 .pdf. ", "关于 3.5亿元 的请示.pdf"),
    ],
)
def test_a_name_keeps_its_words_and_loses_its_tricks(sent, kept):
    assert clean_name(sent) == kept


def test_a_long_name_keeps_its_ending():
    assert clean_name("长" * 300 + ".pdf") == "长" * (MAX_NAME - 4) + ".pdf"
    assert len(clean_name("a." + "长" * 300)) <= MAX_NAME + 1


def test_a_size_just_above_the_limit_reads_as_above():
    assert (megabytes(MAX_SIZE), megabytes(MAX_SIZE + 1)) == ("20", "20.01")


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_every_refusal_names_the_file_and_leaves_no_gap(language):
    with translation.override(language):
        for name, content, _code in HOSTILE.values():
            with pytest.raises(ValidationError) as refused:
                recognise(files.upload(name, content), clean_name(name))
            (message,) = refused.value.messages
            assert clean_name(name) in message
            assert "%(" not in message
