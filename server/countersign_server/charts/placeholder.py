"""A picture in place of one that could not be drawn: valid, plain, and made of nothing but zlib."""

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


def _colour(text: str) -> bytes:
    return bytes.fromhex(text.removeprefix("#"))


def _chunk(kind: bytes, body: bytes) -> bytes:
    checked = zlib.crc32(kind + body)
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", checked)
