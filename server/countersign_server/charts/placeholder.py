"""What stands for a picture that could not be drawn: valid, plain, made of nothing but zlib."""

import struct
import zlib

from countersign_server.charts.spec import Size
from countersign_server.charts.theme import Theme

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_FRAME = 2  # pixels


def placeholder(size: Size, theme: Theme) -> bytes:
    """Return a PNG of the size: the theme's background in a frame."""
    ground, frame = _colour(theme.background), _colour(theme.grid)
    edge = b"\0" + frame * size.width
    row = b"\0" + frame * _FRAME + ground * (size.width - 2 * _FRAME) + frame * _FRAME
    rows = edge * _FRAME + row * (size.height - 2 * _FRAME) + edge * _FRAME
    head = struct.pack(">IIBBBBB", size.width, size.height, 8, 2, 0, 0, 0)
    return (
        _SIGNATURE
        + _chunk(b"IHDR", head)
        + _chunk(b"IDAT", zlib.compress(rows, 6))
        + _chunk(b"IEND", b"")
    )


def placeholder_page(size: Size, theme: Theme) -> bytes:
    """Return a PDF of one page of the size, in the theme's background in a frame."""
    ground, frame = (
        " ".join(f"{part / 255:.3f}" for part in _colour(colour))
        for colour in (theme.background, theme.grid)
    )
    drawing = (
        f"{frame} rg 0 0 {size.width} {size.height} re f "
        f"{ground} rg {_FRAME} {_FRAME} {size.width - 2 * _FRAME} {size.height - 2 * _FRAME} re f"
    ).encode()
    box = f"/MediaBox [0 0 {size.width} {size.height}]"
    parts = (
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        f"<< /Type /Page /Parent 2 0 R {box} /Contents 4 0 R >>".encode(),
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(drawing), drawing),
    )
    document, places = b"%PDF-1.4\n", list[int]()
    for number, part in enumerate(parts, start=1):
        places.append(len(document))
        document += b"%d 0 obj\n%s\nendobj\n" % (number, part)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    return document + (
        b"xref\n0 %d\n0000000000 65535 f \n%s" % (len(parts) + 1, table)
        + b"trailer\n<< /Size %d /Root 1 0 R >>\n" % (len(parts) + 1)
        + b"startxref\n%d\n%%%%EOF\n" % len(document)
    )


def _colour(text: str) -> bytes:
    return bytes.fromhex(text.removeprefix("#"))


def _chunk(kind: bytes, body: bytes) -> bytes:
    checked = zlib.crc32(kind + body)
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", checked)
