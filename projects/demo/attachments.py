"""The demo's files: scans of agreements and photos of sites, small and drawn here."""

from __future__ import annotations

import struct
import zlib
from datetime import timedelta

from django.core.files.base import ContentFile

from projects.demo.data import LAST, DemoData
from projects.models import Agreement, Attachment, Project

SCANS, PHOTOS = 8, 4
PAGE = "BT /F1 18 Tf 72 740 Td 28 TL {lines} ET"
# A font that every reader has for Chinese, without embedding one.
PARTS = (
    "<</Type/Catalog/Pages 2 0 R>>",
    "<</Type/Pages/Kids[3 0 R]/Count 1>>",
    "<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R"
    "/Resources<</Font<</F1 5 0 R>>>>>>",
    "<</Length {length}>>\nstream\n{page}\nendstream",
    "<</Type/Font/Subtype/Type0/BaseFont/STSong-Light/Encoding/UniGB-UCS2-H"
    "/DescendantFonts[6 0 R]>>",
    "<</Type/Font/Subtype/CIDFontType0/BaseFont/STSong-Light/FontDescriptor 7 0 R"
    "/CIDSystemInfo<</Registry(Adobe)/Ordering(GB1)/Supplement 2>>/DW 1000>>",
    "<</Type/FontDescriptor/FontName/STSong-Light/Flags 6/FontBBox[-25 -254 1000 880]"
    "/ItalicAngle 0/Ascent 880/Descent -120/CapHeight 880/StemV 93>>",
)


def add_attachments(data: DemoData):
    """Give some agreements their scan and some projects a photo of the site."""
    formal = [a for a in data.rows[Agreement] if a.kind == Agreement.Kind.FORMAL]
    for agreement in formal[:SCANS]:
        lines = ("演示数据，内容为虚构", agreement.title, f"签订日期 {agreement.signed_on}")
        _add(data, f"{agreement.title}.pdf", pdf(lines), agreement=agreement)
    built = [p for p in data.rows[Project] if p.stage in ("STARTED", "BUILDING", "PRODUCING")]
    for project in built[:PHOTOS]:
        _add(data, "现场照片.png", photo(), project=project)


def _add(data: DemoData, name: str, content: bytes, **owner):
    (row,) = owner.values()
    kind = Attachment.Kind.SCAN if "agreement" in owner else Attachment.Kind.SITE_PHOTO
    project = owner.get("project") or row.project
    signed = getattr(row, "signed_on", LAST - timedelta(days=14))
    attachment = data.add(
        Attachment, signed, kind=kind, uploaded_by=project.handler, note="演示数据", **owner
    )
    attachment.take(ContentFile(content, name))


def pdf(lines: tuple[str, ...]) -> bytes:
    """Return a page with a few lines of text."""
    page = PAGE.format(
        lines=" ".join(f"<{line.encode('utf-16-be').hex()}> Tj T*" for line in lines)
    )
    out, places = b"%PDF-1.4\n", []
    for number, part in enumerate(PARTS, 1):
        places.append(len(out))
        part = part.format(length=len(page), page=page) if "{page}" in part else part
        out += f"{number} 0 obj\n{part}\nendobj\n".encode()
    table = "".join(f"{place:010d} 00000 n \n" for place in places)
    count = len(PARTS) + 1
    end = f"xref\n0 {count}\n0000000000 65535 f \n{table}trailer\n<</Size {count}/Root 1 0 R>>\n"
    return out + f"{end}startxref\n{len(out)}\n%%EOF\n".encode()


def photo(width: int = 320, height: int = 200) -> bytes:
    """Return a picture of a hall under the sky."""
    sky, wall, ground = b"\xa8\xd0\xe6", b"\x8d\x99\xae", b"\xb0\x8d\x57"
    hall = sky * (width // 4) + wall * (width // 2) + sky * (width - width // 4 - width // 2)
    rows = [sky * width] * (height // 3) + [hall] * (height // 3)
    rows += [ground * width] * (height - len(rows))
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = zlib.compress(b"".join(b"\0" + row for row in rows))
    chunks = _chunk(b"IHDR", head) + _chunk(b"IDAT", body) + _chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + chunks


def _chunk(kind: bytes, content: bytes) -> bytes:
    check = struct.pack(">I", zlib.crc32(kind + content))
    return struct.pack(">I", len(content)) + kind + content + check
