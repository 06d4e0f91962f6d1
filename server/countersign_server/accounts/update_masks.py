"""What an update sets and what it clears: nothing is cleared that was not named for it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.message import Message

from countersign_server.errors import UpdateMaskInvalid

Resource = TypeVar("Resource", bound=Message)


@dataclass(frozen=True, slots=True)
class Changeable:
    """Paths of fields that an update may name, such as "limits.max_volume".

    The part before the dot names a group: those of its fields that the request gives.
    """

    settable: frozenset[str]
    clearable: frozenset[str] = frozenset()


def updated(
    current: Resource,
    given: Resource,
    *,
    update_mask: FieldMask,
    clear_mask: FieldMask,
    changeable: Changeable,
) -> tuple[Resource, frozenset[str]]:
    """Return the resource as the update leaves it, and the names of its fields that were touched.

    Raises UpdateMaskInvalid where the masks name nothing, what may not be changed, what the request
    gives no value for, or the same field twice.
    """
    if not update_mask.paths and not clear_mask.paths:
        raise UpdateMaskInvalid(
            f"update_mask is empty; name what to change: {_choices(changeable.settable)}",
            field="update_mask",
        )
    sets = {
        path
        for name in update_mask.paths
        for path in _given_paths(given, name, changeable.settable)
    }
    clears = {
        path
        for name in clear_mask.paths
        for path in _paths(name, changeable.clearable, field="clear_mask")
    }
    both = sorted(sets & clears)
    if both:
        raise UpdateMaskInvalid(
            f"update_mask and clear_mask both name {both[0]}", field="clear_mask", path=both[0]
        )
    result = type(current)()
    result.CopyFrom(current)
    for path in sets:
        _copy(given, result, path)
    for path in clears:
        parent, field = _parent(result, path)
        parent.ClearField(field)
    return result, frozenset(path.partition(".")[0] for path in sets | clears)


def _given_paths(given: Message, name: str, settable: frozenset[str]) -> Iterator[str]:
    paths = [path for path in _paths(name, settable, field="update_mask") if _is_given(given, path)]
    if not paths:
        raise UpdateMaskInvalid(
            f"update_mask names {name}, and the request gives no value for it; "
            "give one, or name it in clear_mask to empty it, set it to 0 or switch it off",
            field="update_mask",
            path=name,
        )
    yield from paths


def _paths(name: str, allowed: frozenset[str], *, field: str) -> tuple[str, ...]:
    if name in allowed:
        return (name,)
    group = tuple(sorted(path for path in allowed if path.startswith(f"{name}.")))
    if not group:
        raise UpdateMaskInvalid(
            f"{field} names {name[:64]!r}; it may name {_choices(allowed)}",
            field=field,
            path=name[:64],
        )
    return group


def _is_given(message: Message, path: str) -> bool:
    parent, name = _parent(message, path)
    field = parent.DESCRIPTOR.fields_by_name[name]
    if field.has_presence:
        return parent.HasField(name)
    # Without presence a field that is 0, empty or false and one that is absent are the same bytes.
    return bool(getattr(parent, name))


def _copy(source: Message, target: Message, path: str) -> None:
    (giver, name), (taker, _) = _parent(source, path), _parent(target, path)
    taker.ClearField(name)
    field, value = giver.DESCRIPTOR.fields_by_name[name], getattr(giver, name)
    if field.is_repeated:
        getattr(taker, name).extend(value)
    elif field.message_type is not None:
        getattr(taker, name).CopyFrom(value)
    else:
        setattr(taker, name, value)


def _parent(message: Any, path: str) -> tuple[Any, str]:  # noqa: ANN401  # reached by its field's name
    *groups, name = path.split(".")
    for group in groups:
        message = getattr(message, group)
    return message, name


def _choices(paths: frozenset[str]) -> str:
    return ", ".join(sorted(paths))
