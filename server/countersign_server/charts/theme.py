"""Colours. Two themes come with it; anybody may make another."""

import re
from dataclasses import dataclass, fields, replace

_COLOUR = re.compile(r"#[0-9a-f]{6}")


class ThemeInvalid(ValueError):
    """Names the field and says why."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}")
        self.field = field


@dataclass(frozen=True, slots=True)
class Theme:
    """What everything looks like; each a colour such as #1a2b3c."""

    background: str
    grid: str
    text: str
    rising: str
    falling: str
    volume: str
    line: str
    under: str  # drawdown
    entry: str
    exit: str
    stop: str
    target: str
    averages: tuple[str, ...]

    def with_colours(self, colours: dict[str, str]) -> "Theme":
        """Return the theme with other colours by name. Raises ThemeInvalid."""
        known = {field.name for field in fields(self)} - {"averages"}
        for name, colour in colours.items():
            if name not in known:
                raise ThemeInvalid(name, f"is no part of a theme: {', '.join(sorted(known))}")
            if not _COLOUR.fullmatch(colour):
                raise ThemeInvalid(name, "must be a colour such as #1a2b3c, in lower case")
        return replace(self, **colours)


LIGHT = Theme(
    background="#ffffff",
    grid="#e6e9ef",
    text="#3c4454",
    rising="#1a9e77",
    falling="#d64550",
    volume="#b8c1d1",
    line="#2962c4",
    under="#d64550",
    entry="#2962c4",
    exit="#8a4fbf",
    stop="#d64550",
    target="#1a9e77",
    averages=("#e08a1e", "#2962c4", "#8a4fbf", "#3c4454"),
)
DARK = replace(
    LIGHT,
    background="#12161f",
    grid="#232a38",
    text="#c3cad8",
    rising="#2fbf8f",
    falling="#ef5d68",
    volume="#3a4559",
    line="#5b96ff",
    under="#ef5d68",
    entry="#5b96ff",
    exit="#b98aed",
    stop="#ef5d68",
    target="#2fbf8f",
    averages=("#f0a848", "#5b96ff", "#b98aed", "#c3cad8"),
)
