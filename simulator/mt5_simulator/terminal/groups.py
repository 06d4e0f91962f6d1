"""The terminal's way to pick symbols: "*USD*, !EUR*"."""

from fnmatch import fnmatchcase


def matches(group: str, name: str) -> bool:
    """Whether `name` fits one of the masks and none of the negated ones.

    Masks are separated by commas; `!` negates; `*` stands for anything.
    """
    masks = [mask.strip() for mask in group.split(",")]
    wanted = [mask for mask in masks if mask and not mask.startswith("!")]
    unwanted = [mask[1:] for mask in masks if mask.startswith("!")]
    return any(fnmatchcase(name, mask) for mask in wanted) and not any(
        fnmatchcase(name, mask) for mask in unwanted
    )
