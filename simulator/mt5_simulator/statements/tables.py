"""The rows of a report as texts, whether it was saved as HTML or as a spreadsheet.

MetaTrader saves HTML in UTF-16 and spreadsheets as XLSX; other tools save HTML in UTF-8.
"""

from collections.abc import Iterator
from html.parser import HTMLParser
from io import BytesIO
from typing import Any
from xml.etree import ElementTree as ET
from zipfile import BadZipFile, ZipFile

SIZE_MAX = 64_000_000
_BYTE_ORDER_MARKS = {b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16", b"\xef\xbb\xbf": "utf-8-sig"}
_SHEET = "xl/worksheets/sheet1.xml"
_TEXTS = "xl/sharedStrings.xml"
_NAMESPACE = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_LETTERS = 26

Row = list[str]


class StatementUnreadable(ValueError):
    """The file is no report of MetaTrader's; says what it lacks."""


def rows_of(content: bytes) -> list[Row]:
    """Return the rows of a report, each as the texts of its cells. Raises StatementUnreadable."""
    if len(content) > SIZE_MAX:
        raise StatementUnreadable(f"a report may have {SIZE_MAX} bytes, this has {len(content)}")
    if content.startswith(b"PK"):
        return list(_spreadsheet_rows(content))
    encodings = (name for mark, name in _BYTE_ORDER_MARKS.items() if content.startswith(mark))
    try:
        text = content.decode(next(encodings, "utf-8"))
    except UnicodeDecodeError as error:
        raise StatementUnreadable(f"it is no text: {error.reason}") from error
    parser = _Table()
    parser.feed(text)
    return parser.rows


class _Table(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.rows: list[Row] = []
        self._in_cell = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "tr":
            self.rows.append([])
            self._in_cell = False
        elif tag in {"td", "th"} and self.rows and not _is_hidden(attrs):
            self.rows[-1].append("")
            self._in_cell = True

    def handle_endtag(self, tag: str) -> None:
        if tag in {"td", "th", "tr"}:
            self._in_cell = False

    def handle_data(self, data: str) -> None:
        if self._in_cell:
            self.rows[-1][-1] = f"{self.rows[-1][-1]} {data.strip()}".strip()


def _is_hidden(attributes: list[tuple[str, str | None]]) -> bool:
    # A history report has cells that only spreadsheets show.
    return any(name == "class" and value == "hidden" for name, value in attributes)


def _spreadsheet_rows(content: bytes) -> Iterator[Row]:
    try:
        with ZipFile(BytesIO(content)) as archive:
            names = set(archive.namelist())
            if _SHEET not in names:
                raise StatementUnreadable("the spreadsheet has no first sheet")
            texts = _shared_texts(_part(archive, _TEXTS)) if _TEXTS in names else []
            sheet = _part(archive, _SHEET)
    except BadZipFile as error:
        raise StatementUnreadable(f"the spreadsheet is damaged: {error}") from error
    for row in sheet.iter(f"{_NAMESPACE}row"):
        cells: Row = []
        for cell in row.iter(f"{_NAMESPACE}c"):
            column = _column(cell.get("r", ""))
            cells += [""] * (column - len(cells)) if column > len(cells) else []
            cells.append(_cell_text(cell, texts))
        yield cells


def _part(archive: ZipFile, name: str) -> Any:  # noqa: ANN401  # an element of the tree
    if archive.getinfo(name).file_size > SIZE_MAX:
        raise StatementUnreadable(f"{name} may have {SIZE_MAX} bytes")
    content = archive.read(name)
    if b"<!DOCTYPE" in content:
        raise StatementUnreadable(f"{name} defines its own entities, which no spreadsheet does")
    try:
        return ET.fromstring(content)  # noqa: S314  # without a DOCTYPE nothing can expand
    except ET.ParseError as error:
        raise StatementUnreadable(f"{name} is no XML: {error}") from error


def _shared_texts(part: Any) -> list[str]:  # noqa: ANN401  # an element of the tree
    return ["".join(item.itertext()) for item in part.iter(f"{_NAMESPACE}si")]


def _cell_text(cell: Any, texts: list[str]) -> str:  # noqa: ANN401  # an element of the tree
    value = cell.findtext(f"{_NAMESPACE}v")
    if cell.get("t") == "s" and value is not None:
        return texts[int(value)].strip()
    return (value if value is not None else "".join(cell.itertext())).strip()


def _column(reference: str) -> int:
    """Return the number of a cell's column, counted from 0: that of "AB7" is 27."""
    number = 0
    for letter in reference:
        if letter.isalpha():
            number = number * _LETTERS + ord(letter.upper()) - ord("A") + 1
    return max(number - 1, 0)
