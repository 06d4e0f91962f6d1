"""The rows of a report that MetaTrader saved, as texts: HTML in UTF-16 or UTF-8, or a spreadsheet.

Whatever the bytes are, the time it takes grows with their number and no faster; memory is bounded.
"""

import re
import zlib
from html import unescape

from countersign_server.histories.spreadsheet import spreadsheet_rows
from countersign_server.history_errors import ReportTooLarge, ReportUnreadable

UNPACKED_BYTES_MAX = 48_000_000
ROWS_MAX = 400_000
CELLS_MAX = 64
# A report's longest cell is the account's line.
CELL_LENGTH_MAX = 1_000

Row = list[str]

_GZIP, _ZIP = b"\x1f\x8b", b"PK\x03\x04"
_BYTE_ORDER_MARKS = (
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
    (b"\xef\xbb\xbf", "utf-8-sig"),
)
_WITHOUT_MARK = ((b"<\x00", "utf-16-le"), (b"\x00<", "utf-16-be"))
_ROW = re.compile(r"<tr\b", re.IGNORECASE)
_CELL = re.compile(r"<t[dh]\b", re.IGNORECASE)
# Neither goes over a bracket: each character is looked at once.
_REST_OF_TAG = re.compile(r"[^<>]*>")
_TAG = re.compile(r"<[^<>]*>")
_HIDDEN = re.compile(r"class=[\"']?hidden", re.IGNORECASE)


def rows_of(content: bytes) -> list[Row]:
    """Return the rows of a report, each as the texts of its cells.

    Raises ReportUnreadable, ReportTooLarge.
    """
    content = unpacked(content)
    if content.startswith(_ZIP):
        return spreadsheet_rows(
            content,
            bytes_max=UNPACKED_BYTES_MAX,
            rows_max=ROWS_MAX,
            length_max=CELL_LENGTH_MAX,
        )
    if len(content) > UNPACKED_BYTES_MAX:
        raise ReportTooLarge(f"a report may have {UNPACKED_BYTES_MAX} bytes unpacked")
    return _html_rows(_text_of(content))


def unpacked(content: bytes) -> bytes:
    """Return what was compressed with gzip, or else the bytes as they are.

    Raises ReportUnreadable, ReportTooLarge.
    """
    if not content.startswith(_GZIP):
        return content
    unpacking = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
    try:
        plain = unpacking.decompress(content, UNPACKED_BYTES_MAX + 1)
    except zlib.error as error:
        raise ReportUnreadable(f"the gzip file is damaged: {error}") from error
    if len(plain) > UNPACKED_BYTES_MAX:
        raise ReportTooLarge(f"a report may have {UNPACKED_BYTES_MAX} bytes unpacked")
    if not unpacking.eof or unpacking.unused_data:
        raise ReportUnreadable("the gzip file is cut short, or has something after its end")
    return plain


def _text_of(content: bytes) -> str:
    marks = (*_BYTE_ORDER_MARKS, *_WITHOUT_MARK)
    encoding = next((name for mark, name in marks if content.startswith(mark)), "utf-8")
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        raise ReportUnreadable(f"it is no text in {encoding}: {error.reason}") from error


def _html_rows(text: str) -> list[Row]:
    if "<" not in text:
        raise ReportUnreadable("it is neither HTML nor a spreadsheet")
    pieces = _ROW.split(text, maxsplit=ROWS_MAX + 1)[1:]
    if len(pieces) > ROWS_MAX:
        raise ReportTooLarge(f"a report may have {ROWS_MAX} rows")
    return [_cells(piece, number) for number, piece in enumerate(pieces, start=1)]


def _cells(piece: str, number: int) -> Row:
    found = _CELL.split(piece, maxsplit=CELLS_MAX + 1)[1:]
    if len(found) > CELLS_MAX:
        raise ReportUnreadable(f"more than {CELLS_MAX} cells", row=number)
    cells: Row = []
    for cell in found:
        tag = _REST_OF_TAG.match(cell)
        # A history report has cells that only spreadsheets show.
        if tag is None or _HIDDEN.search(tag[0]):
            continue
        text = " ".join(unescape(_TAG.sub(" ", cell[tag.end() :])).split())
        if len(text) > CELL_LENGTH_MAX:
            text = text[:CELL_LENGTH_MAX]
        cells.append(text)
    return cells
