"""Small real files of every kind that is taken in, and what their hostile cousins are made of."""

from __future__ import annotations

import struct
import zipfile
import zlib
from io import BytesIO

from django.core.files.uploadedfile import SimpleUploadedFile

OFFICE = "application/vnd.openxmlformats-officedocument."


def upload(name: str, content: bytes) -> SimpleUploadedFile:
    """Make an upload as a browser sends it; the name arrives as it was sent."""
    file = SimpleUploadedFile("x", content)
    file._name = name  # Django's own setter would clean it
    return file


def pdf(text: str = "scan", size: int = 0) -> bytes:
    body = f"%PDF-1.7\n1 0 obj<</Type/Catalog>>endobj\n% {text}\n".encode()
    end = b"trailer<</Root 1 0 R>>\nstartxref\n0\n%%EOF\n"
    return body + b"%" * max(0, size - len(body) - len(end)) + end


def jpeg(width: int = 40, height: int = 30, before: bytes = b"") -> bytes:
    """``before`` stands between the start and the frame, as EXIF does."""
    frame = struct.pack(">BBHBHHB", 0xFF, 0xC0, 11, 8, height, width, 1) + b"\1\x11\0"
    scan = b"\xff\xda\0\x08\1\1\0\0\x3f\0" + b"\x55\xff\0\xaa" * 8
    return b"\xff\xd8" + before + frame + scan + b"\xff\xd9"


def jpeg_segment(marker: int, content: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(content) + 2) + content


def png(width: int = 4, height: int = 3) -> bytes:
    rows = zlib.compress(b"".join(b"\0" + b"\x80" * 4 for _ in range(3)))
    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def chunk(kind: bytes, content: bytes) -> bytes:
    check = struct.pack(">I", zlib.crc32(kind + content))
    return struct.pack(">I", len(content)) + kind + content + check


def package(parts: dict[str, bytes | str]) -> bytes:
    with zipfile.ZipFile(out := BytesIO(), "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in parts.items():
            file.writestr(name, content)
    return out.getvalue()


def docx(**more) -> bytes:
    says = f"<Types>{OFFICE}wordprocessingml.document.main+xml</Types>"
    return package({"[Content_Types].xml": says, "word/document.xml": "<w/>"} | more)


def xlsx(**more) -> bytes:
    says = f"<Types>{OFFICE}spreadsheetml.sheet.main+xml</Types>"
    return package({"[Content_Types].xml": says, "xl/workbook.xml": "<x/>"} | more)


def ofd(**more) -> bytes:
    says = '<ofd:OFD xmlns:ofd="http://www.ofdspec.org/2016"/>'
    return package({"OFD.xml": says, "Doc_0/Document.xml": "<d/>"} | more)


REAL = {
    "合同.pdf": pdf(),
    "现场.jpg": jpeg(),
    "现场.JPEG": jpeg(before=jpeg_segment(0xE1, b"Exif\0\0")),
    "截图.png": png(),
    "纪要.docx": docx(),
    "台账.xlsx": xlsx(),
    "批复.ofd": ofd(),
}
