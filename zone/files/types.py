"""Which files are taken in: by the ending of the name and by the content, which must agree."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.core.files.base import File
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from zone.files.contents import (
    MIB,
    Content,
    Refused,
    check_jpeg,
    check_pdf,
    check_png,
    package_check,
)
from zone.identifiers import normal_form, visible

MAX_SIZE = 20 * MIB
MAX_NAME = 120
OFFICE = "application/vnd.openxmlformats-officedocument."


@dataclass(frozen=True)
class FileType:
    """A kind of file: what people call it, what browsers call it, and how to tell."""

    label: str
    content_type: str
    check: Callable[[Content], None]


def office(kind: str, label: str, marker: str) -> FileType:
    says = f"{OFFICE}{kind}.main+xml".encode()
    check = package_check(marker=marker, says=says, said_in="[Content_Types].xml", max_entries=200)
    return FileType(label, OFFICE + kind, check)


JPEG = FileType("JPG", "image/jpeg", check_jpeg)
TYPES = {
    "pdf": FileType("PDF", "application/pdf", check_pdf),
    "jpg": JPEG,
    "jpeg": JPEG,
    "png": FileType("PNG", "image/png", check_png),
    "docx": office("wordprocessingml.document", "DOCX", "word/document.xml"),
    "xlsx": office("spreadsheetml.sheet", "XLSX", "xl/workbook.xml"),
    # The national format for official documents; each page of it takes two entries.
    "ofd": FileType(
        "OFD",
        "application/ofd",
        package_check(marker="OFD.xml", says=b"ofdspec.org", said_in="OFD.xml", max_entries=1000),
    ),
}
# For file inputs: with picture types named, a phone offers its camera and sends JPG.
ACCEPT = ",".join(["image/jpeg", "image/png", *(f".{ending}" for ending in TYPES)])

_OTHER_PICTURE = _("“%(name)s” cannot be read everywhere; please save the picture as JPG.")
_OLD_OFFICE = _("“%(name)s” is in an older format; please save it as DOCX, XLSX or PDF.")
_MACROS = _("“%(name)s” may hold macros; please save it as DOCX or XLSX without them.")
_ARCHIVE = _("“%(name)s” is an archive; please unpack it and upload the files in it.")
CURES = {
    **dict.fromkeys(("heic", "heif", "webp", "tif", "tiff", "bmp", "gif"), _OTHER_PICTURE),
    **dict.fromkeys(("doc", "xls", "wps", "et", "rtf", "ppt", "pptx", "dps"), _OLD_OFFICE),
    **dict.fromkeys(("docm", "dotm", "xlsm", "xltm", "xlsb", "xlam"), _MACROS),
    **dict.fromkeys(("zip", "rar", "7z", "tar", "gz", "tgz"), _ARCHIVE),
}
PROGRAMS = "exe dll scr pif bat cmd msi lnk js jse vbs vbe wsf hta ps1 jar php jsp asp aspx"
PAGES = "htm html xhtml svg"
PROGRAM_ENDINGS = {*PROGRAMS.split(), *PAGES.split(), "docm", "xlsm"}


def labels() -> str:
    return gettext(", ").join(dict.fromkeys(kind.label for kind in TYPES.values()))


def clean_name(name: str) -> str:
    """Return a file name without path, invisible or reversing characters, at most 120 long."""
    name = normal_form(visible(name), "NFC").replace("\\", "/").rsplit("/", 1)[-1]
    name = re.sub(r'[\s<>:"|?*]+', " ", name)
    name = "".join(sign for sign in name if unicodedata.category(sign)[0] != "C")
    stem, dot, ending = name.strip(" .").rpartition(".")
    return stem.rstrip(" .")[: MAX_NAME - len(dot + ending)] + dot + ending[:MAX_NAME]


def ending_of(name: str) -> str:
    return name.rpartition(".")[2].lower() if "." in name else ""


def megabytes(size: int) -> str:
    """Write a size in MB, rounded up: what is too large never reads as just right."""
    hundredths = -(-size * 100 // MIB)
    return f"{hundredths // 100}.{hundredths % 100:02d}".removesuffix(".00")


def recognise(file: File, name: str) -> FileType:
    """Return the type of ``file``, which carries the clean ``name``; refuse with the cure."""
    ending = ending_of(name)
    kind = TYPES.get(ending)
    params = {"name": name, "type": kind.label if kind else "", "types": labels()}
    if kind is None:
        message = CURES.get(
            ending, _("“%(name)s” is not taken, only %(types)s are; please save it as PDF.")
        )
        raise ValidationError(message, "ending", params)
    if hidden := PROGRAM_ENDINGS.intersection(name.lower().split(".")[1:-1]):
        raise ValidationError(
            _("The name “%(name)s” hides the ending of a program (%(ending)s); please rename it."),
            "hidden_ending",
            params | {"ending": ", ".join(sorted(hidden))},
        )
    if not file.size:
        raise ValidationError(
            _("“%(name)s” is empty; please choose the file again."), "empty", params
        )
    if file.size > MAX_SIZE:
        raise ValidationError(
            _(
                "“%(name)s” has %(size)s MB, at most %(limit)s MB are taken; "
                "please scan it at a lower resolution or split it."
            ),
            "size",
            params | {"size": megabytes(file.size), "limit": megabytes(MAX_SIZE)},
        )
    try:
        kind.check(Content(file, file.size))
    except Refused as refused:
        raise ValidationError(refused.message, refused.code, params | refused.params) from refused
    return kind
