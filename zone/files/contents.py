"""What a file is by its content: each reader looks at headers and ends, and trusts no name."""

from __future__ import annotations

import re
import struct
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import BinaryIO

from django.utils.translation import gettext_lazy as _

MIB = 1024 * 1024
MAX_PIXELS = 100_000_000
MAX_UNPACKED = 200 * MIB
MAX_RATIO = 100  # unpacked to packed; office files stay below 30
MAX_DIRECTORY = MIB  # a zip's list of entries, which is read into memory
MAX_PIECES = 20_000  # segments of a picture; a scan has some hundreds

PDF_HEAD = re.compile(rb"%PDF-[12]\.\d")
MARKUP = re.compile(rb"<\s*(!doctype|html|script|svg|iframe|body|\?php)", re.IGNORECASE)
OLD_OFFICE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"  # an encrypted new one is wrapped in it too
PNG_HEAD = b"\x89PNG\r\n\x1a\n"
JPEG_SIZES = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}
JPEG_PICTURE, JPEG_END = 0xDA, b"\xff\xd9"
ZIP_ENTRY, ZIP_END = b"PK\3\4", b"PK\5\6"
ZIP_END_SIZE, ZIP_LONGEST_TAIL = 22, 22 + 0xFFFF
PROGRAM_PART = re.compile(
    r"vbaproject|vbadata|macrosheets/|activex/"
    r"|\.(exe|dll|scr|bat|cmd|js|jse|vbs|vbe|wsf|hta|ps1|jar|msi|lnk|docm|xlsm)$",
    re.IGNORECASE,
)

MISMATCH = _(
    "“%(name)s” is no %(type)s inside; please open it in its own program and save it as %(type)s."
)
DAMAGED = _("“%(name)s” is incomplete or damaged; please scan or save it again.")
TWO_IN_ONE = _("“%(name)s” hides a second file of another kind; please save it anew as %(type)s.")
PROGRAMS = _("“%(name)s” holds macros or programs; please save it without them.")
SWOLLEN = _("“%(name)s” unpacks to far more than such a file should; please save it as PDF.")
TOO_MANY_PARTS = _("“%(name)s” is made of too many parts; please save it as PDF.")
TOO_MANY_PIXELS = _(
    "“%(name)s” has %(pixels)d million pixels, at most %(limit)d are taken; please save it smaller."
)
PROTECTED = _(
    "“%(name)s” is an old or password-protected Office file; please save it as %(type)s "
    "without a password."
)


class Refused(Exception):
    """Why a content is not taken: a message with ``%(name)s`` and ``%(type)s`` in it."""

    def __init__(self, message: str, code: str, **params):
        super().__init__(code)
        self.message, self.code, self.params = message, code, params


@dataclass(frozen=True)
class Content:
    """An open file and its size; ``at`` reads without a position to keep in mind."""

    file: BinaryIO
    size: int

    def at(self, start: int, length: int) -> bytes:
        self.file.seek(start)
        return self.file.read(length)

    def tail(self, length: int) -> bytes:
        return self.at(max(0, self.size - length), length)

    def holds(self, needle: bytes, start: int) -> bool:
        """Look for ``needle`` from ``start`` on, a piece at a time."""
        before = b""
        self.file.seek(start)
        while piece := self.file.read(64 * 1024):
            if needle in before + piece:
                return True
            before = piece[1 - len(needle) :]
        return False


def check_pdf(content: Content):
    if not PDF_HEAD.match(content.at(0, 16)):
        raise Refused(MISMATCH, "mismatch")
    _refuse_second_file(content)
    if b"%%EOF" not in content.tail(2048):
        raise Refused(DAMAGED, "damaged")


def check_jpeg(content: Content):
    if content.at(0, 3) != b"\xff\xd8\xff":
        raise Refused(MISMATCH, "mismatch")
    _refuse_second_file(content)
    at, sized = 2, False
    for _piece in range(MAX_PIECES):
        head = content.at(at, 9)
        if len(head) < 4 or head[0] != 0xFF:
            raise Refused(DAMAGED, "damaged")
        if head[1] == 0xFF:  # padding
            at += 1
            continue
        if head[1] in JPEG_SIZES and len(head) == 9:
            height, width = struct.unpack(">HH", head[5:9])
            _refuse_huge(width, height)
            sized = True
        at += 2 + struct.unpack(">H", head[2:4])[0]
        if head[1] == JPEG_PICTURE:
            break
    # A phone may write more behind the end of the picture; the end itself must be there.
    if not sized or not content.holds(JPEG_END, at):
        raise Refused(DAMAGED, "damaged")


def check_png(content: Content):
    if content.at(0, 8) != PNG_HEAD:
        raise Refused(MISMATCH, "mismatch")
    _refuse_second_file(content)
    at, kinds = 8, set()
    for _piece in range(MAX_PIECES):
        head = content.at(at, 16)
        if len(head) < 12:
            raise Refused(DAMAGED, "damaged")
        length, kind = struct.unpack(">I4s", head[:8])
        if at == 8:
            if (length, kind, len(head)) != (13, b"IHDR", 16) or content.size < 33:
                raise Refused(DAMAGED, "damaged")
            _refuse_huge(*struct.unpack(">II", content.at(16, 8)))
        at += 12 + length
        kinds.add(kind)
        if kind == b"IEND":
            break
    if not {b"IDAT", b"IEND"} <= kinds or at > content.size:
        raise Refused(DAMAGED, "damaged")
    if at < content.size:
        raise Refused(TWO_IN_ONE, "two_in_one")


def package_check(
    *, marker: str, says: bytes, said_in: str, max_entries: int
) -> Callable[[Content], None]:
    """Return the check of a zip that holds ``marker`` and, in ``said_in``, the words ``says``."""

    def check(content: Content):
        if content.at(0, 8) == OLD_OFFICE:
            raise Refused(PROTECTED, "protected")
        if content.at(0, 4) != ZIP_ENTRY:
            raise Refused(MISMATCH, "mismatch")
        entries = _zip_entries(content)
        if entries > max_entries:
            raise Refused(TOO_MANY_PARTS, "entries")
        try:
            with zipfile.ZipFile(content.file) as package:
                _refuse_package(package, content.size)
                if {marker, said_in} - {*package.namelist()}:
                    raise Refused(MISMATCH, "mismatch")
                # Unpacked once and discarded: lengths and checksums must be true.
                if len(package.infolist()) != entries or package.testzip():
                    raise Refused(DAMAGED, "damaged")
                with package.open(said_in) as part:
                    if says not in part.read(MIB):
                        raise Refused(MISMATCH, "mismatch")
        except (zipfile.BadZipFile, zlib.error, struct.error) as error:
            raise Refused(DAMAGED, "damaged") from error
        except (EOFError, NotImplementedError, RuntimeError, ValueError, OSError) as error:
            raise Refused(DAMAGED, "damaged") from error

    return check


def _zip_entries(content: Content) -> int:
    """Return how many entries a zip says it has, before anybody reads them.

    The list of entries ends where the file ends and begins where it says: nothing stands
    before, between or behind.
    """
    tail = content.tail(ZIP_LONGEST_TAIL)
    found = tail.rfind(ZIP_END)
    if found < 0 or len(tail) - found < ZIP_END_SIZE:
        raise Refused(DAMAGED, "damaged")
    numbers = struct.unpack("<4H2LH", tail[found + 4 : found + ZIP_END_SIZE])
    entries, length, start, comment = numbers[3:]
    end = content.size - len(tail) + found
    if start + length != end or end + ZIP_END_SIZE + comment != content.size:
        raise Refused(TWO_IN_ONE, "two_in_one")
    if length > MAX_DIRECTORY:
        raise Refused(TOO_MANY_PARTS, "entries")
    return entries


def _refuse_package(package: zipfile.ZipFile, size: int):
    parts = package.infolist()
    names = {part.filename.lower() for part in parts}
    if len(names) < len(parts) or any(map(_climbs, names)):
        raise Refused(DAMAGED, "damaged")
    if any(part.flag_bits & 1 for part in parts):
        raise Refused(PROTECTED, "protected")
    if any(PROGRAM_PART.search(name) for name in names):
        raise Refused(PROGRAMS, "programs")
    unpacked = sum(part.file_size for part in parts)
    # Entries that share their bytes add up to more than there is.
    shared = sum(part.compress_size for part in parts) > size
    if shared or unpacked > min(MAX_UNPACKED, MAX_RATIO * size):
        raise Refused(SWOLLEN, "swollen")


def _climbs(name: str) -> bool:
    return not name or name.startswith("/") or ".." in name.split("/")


def _refuse_huge(width: int, height: int):
    pixels = width * height
    if not pixels:
        raise Refused(DAMAGED, "damaged")
    if pixels > MAX_PIXELS:
        million = 1_000_000
        raise Refused(
            TOO_MANY_PIXELS, "pixels", pixels=-(-pixels // million), limit=MAX_PIXELS // million
        )


def _refuse_second_file(content: Content):
    """Refuse a page for browsers at the front and an archive at the back."""
    if MARKUP.search(content.at(0, 1024)) or zipfile.is_zipfile(content.file):
        raise Refused(TWO_IN_ONE, "two_in_one")
