"""The first sheet of a spreadsheet as texts: a zip of XML, neither of which is trusted.

A part is unpacked up to a limit, whatever its header says, and parsed as it comes. A document type
declaration, which alone could define entities or name other files, ends the reading at once. A text
is kept once, however many cells name it.
"""

import zlib
from collections.abc import Callable, Iterator
from io import BytesIO
from xml.parsers import expat
from zipfile import BadZipFile, ZipFile

from countersign_server.history_errors import ReportTooLarge, ReportUnreadable

_SHEET = "xl/worksheets/sheet1.xml"
_TEXTS = "xl/sharedStrings.xml"
_PARTS_MAX = 1_000
_READ_BYTES = 65_536
_LETTERS = 26
_CELLS_MAX = 64
_TEXTS_MAX = 2_000_000
# All rows together; a report has 16 cells in a row at most, and far fewer rows than may be.
CELLS_TOTAL_MAX = 6_400_000
# All texts together, each counted once.
CHARACTERS_MAX = 16_000_000


def spreadsheet_rows(
    content: bytes, *, bytes_max: int, rows_max: int, length_max: int
) -> list[list[str]]:
    """Return the rows of the first sheet; of each text, its first `length_max` characters.

    Raises ReportUnreadable, ReportTooLarge.
    """
    try:
        with ZipFile(BytesIO(content)) as archive:
            names = {info.filename for info in archive.infolist()[:_PARTS_MAX]}
            if _SHEET not in names:
                raise ReportUnreadable("the spreadsheet has no first sheet")
            kept = _Kept(length_max)
            texts = _Texts(kept)
            if _TEXTS in names:
                _parse(archive, _TEXTS, texts.parser(), bytes_max)
            sheet = _Sheet(texts.found, kept, rows_max)
            _parse(archive, _SHEET, sheet.parser(), bytes_max)
    # What zipfile raises for a file that is encrypted or packed in a way it does not know.
    except (BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError) as error:
        raise ReportUnreadable(f"the spreadsheet is damaged: {error}") from error
    except expat.ExpatError as error:
        raise ReportUnreadable(f"the spreadsheet's XML is damaged: {error}") from error
    return sheet.rows


def _parse(archive: ZipFile, name: str, parser: expat.XMLParserType, bytes_max: int) -> None:
    for piece in _pieces(archive, name, bytes_max):
        parser.Parse(piece, False)  # noqa: FBT003  # expat's own
    parser.Parse(b"", True)  # noqa: FBT003  # as above


def _pieces(archive: ZipFile, name: str, bytes_max: int) -> Iterator[bytes]:
    size = 0
    with archive.open(name) as part:
        while piece := part.read(_READ_BYTES):
            size += len(piece)
            if size > bytes_max:
                raise ReportTooLarge(f"{name} may have {bytes_max} bytes unpacked")
            yield piece


def _parser(
    begin: Callable[[str, dict[str, str]], None],
    end: Callable[[str], None],
    text: Callable[[str], None],
) -> expat.XMLParserType:
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = _refuse_doctype
    parser.StartElementHandler = lambda name, facts: begin(name.rpartition(" ")[2], facts)
    parser.EndElementHandler = lambda name: end(name.rpartition(" ")[2])
    parser.CharacterDataHandler = text
    return parser


def _refuse_doctype(*_: object) -> None:
    raise ReportUnreadable("the spreadsheet declares a document type, which none does")


class _Kept:
    """What is kept of the texts: the beginning of each, and of all together no more than fits."""

    def __init__(self, length_max: int) -> None:
        self._length_max = length_max
        self._characters = 0

    def joined(self, value: str, text: str) -> str:
        """Return what is known of a text with the piece that comes next."""
        return value + text[: self._length_max - len(value)]

    def whole(self, value: str) -> str:
        """Return a text as it is kept. Raises ReportTooLarge."""
        text = " ".join(value.split())
        self._characters += len(text)
        if self._characters > CHARACTERS_MAX:
            raise ReportTooLarge(f"a report's texts may have {CHARACTERS_MAX} characters")
        return text


class _Texts:
    """The texts that cells name by number."""

    def __init__(self, kept: _Kept) -> None:
        self.found: list[str] = []
        self._kept = kept
        self._within = False
        self._value = ""

    def parser(self) -> expat.XMLParserType:
        return _parser(self._begin, self._end, self._text)

    def _begin(self, name: str, _: dict[str, str]) -> None:
        if name == "si":
            self._value = ""
        self._within = name == "t"

    def _end(self, name: str) -> None:
        self._within = False
        if name == "si":
            if len(self.found) >= _TEXTS_MAX:
                raise ReportTooLarge(f"a report may have {_TEXTS_MAX} texts")
            self.found.append(self._kept.whole(self._value))

    def _text(self, text: str) -> None:
        if self._within:
            self._value = self._kept.joined(self._value, text)


class _Sheet:
    """The rows of a sheet. Cells that are left out are empty."""

    def __init__(self, texts: list[str], kept: _Kept, rows_max: int) -> None:
        self.rows: list[list[str]] = []
        self._texts = texts
        self._kept = kept
        self._rows_max = rows_max
        self._is_shared = False
        self._within = False
        self._value = ""
        self._cells = 0

    def parser(self) -> expat.XMLParserType:
        return _parser(self._begin, self._end, self._text)

    def _begin(self, name: str, facts: dict[str, str]) -> None:
        match name:
            case "row":
                if len(self.rows) >= self._rows_max:
                    raise ReportTooLarge(f"a report may have {self._rows_max} rows")
                self.rows.append([])
            case "c" if self.rows:
                self._is_shared, self._value = facts.get("t") == "s", ""
                self._pad(facts.get("r", ""))
            case "v" | "t":
                self._within = True
            case _:
                pass

    def _end(self, name: str) -> None:
        if name in {"v", "t"}:
            self._within = False
        elif name == "c" and self.rows:
            self.rows[-1].append(self._cell_text())

    def _text(self, text: str) -> None:
        if self._within:
            self._value = self._kept.joined(self._value, text)

    def _cell_text(self) -> str:
        if not self._is_shared:
            return self._kept.whole(self._value)
        number = int(self._value) if self._value.isdecimal() else -1
        if not 0 <= number < len(self._texts):
            raise ReportUnreadable("a cell names a text that is not there", row=len(self.rows))
        return self._texts[number]

    def _pad(self, place: str) -> None:
        column, cells = _column(place), self.rows[-1]
        if max(column, len(cells)) >= _CELLS_MAX:
            raise ReportUnreadable(f"more than {_CELLS_MAX} cells", row=len(self.rows))
        missing = max(column - len(cells), 0)
        self._cells += missing + 1
        if self._cells > CELLS_TOTAL_MAX:
            raise ReportTooLarge(f"a report may have {CELLS_TOTAL_MAX} cells")
        cells.extend([""] * missing)


def _column(place: str) -> int:
    """Return the number of a cell's column, counted from 0: that of "AB7" is 27. 0: not told."""
    number = 0
    for letter in place[:4]:
        if "A" <= letter <= "Z":
            number = number * _LETTERS + ord(letter) - ord("A") + 1
    return max(number - 1, 0)
