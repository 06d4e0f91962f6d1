"""One section of the page: what a run found, as data that says how it wants to be shown.

A file in docs/proof is such a section, or words and a list: {"about": "...", "found": [{...}]}.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, cast

Cell = str | int | float | None


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under their columns; `title` empty: none is needed."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[Cell]]


@dataclass(frozen=True, slots=True)
class Section:
    """What one run found. `made` says when, of which commit, by which command, from which seeds."""

    title: str
    made: Mapping[str, Cell]
    words: Sequence[str]
    tables: Sequence[Table]


def read_section(path: Path) -> Section:
    """Return the section that a file holds."""
    content = json.loads(path.read_text())
    if "tables" not in content:
        return _plain(path.stem, content)
    tables = [Table(t["title"], t["columns"], t["rows"]) for t in content["tables"]]
    return Section(content["title"], content["made"], content["words"], tables)


def write_section(path: Path, section: Section) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(asdict(section), indent=1) + "\n")


def page(sections: Iterable[Section]) -> str:
    """Return the page as Markdown."""
    return "\n".join(
        [
            "# What is proved, and by which runs",
            "",
            "Every number here was measured by a run that its section names; nothing is typed in.",
            "`make proof` makes the runs again and writes this page; `make simulate` and",
            "`make mutants` are told of in [mutants.md](mutants.md).",
            *(line for section in sections for line in ("", *_lines(section))),
            "",
        ]
    )


def _plain(name: str, content: Mapping[str, Any]) -> Section:
    tables: list[Table] = []
    for key in content.keys() - {"about"}:
        rows = cast("list[dict[str, Cell]]", content[key])
        columns = list(rows[0]) if rows else []
        tables.append(Table("", columns, [[row.get(column) for column in columns] for row in rows]))
    return Section(name.replace("-", " ").capitalize(), {}, [content["about"]], tables)


def _lines(section: Section) -> list[str]:
    lines = [f"## {section.title}", ""]
    if section.made:
        made = ", ".join(f"{name} {_shown(value)}" for name, value in section.made.items())
        lines += [f"*{made}*", ""]
    for text in section.words:
        lines += [text, ""]
    for table in section.tables:
        if table.title:
            lines += [f"**{table.title}**", ""]
        lines += [_row(table.columns), _row(["---"] * len(table.columns))]
        lines += [*(_row(row) for row in table.rows), ""]
    return lines[:-1]


def _row(cells: Sequence[Cell]) -> str:
    return "| " + " | ".join(_shown(cell) for cell in cells) + " |"


def _shown(cell: Cell) -> str:
    if cell is None:
        return ""
    text = f"{cell:g}" if isinstance(cell, float) else str(cell)
    return text.replace("|", "\\|").replace("\n", " ")
