"""Which fields an update names."""

from collections.abc import Collection

from google.protobuf.field_mask_pb2 import FieldMask

from countersign_server.errors import UpdateMaskInvalid


def named_fields(mask: FieldMask, allowed: Collection[str]) -> frozenset[str]:
    """Return the fields that `mask` names, all of which are among `allowed`.

    Raises UpdateMaskInvalid for an empty mask, and for a path that may not be changed.
    """
    choices = ", ".join(sorted(allowed))
    if not mask.paths:
        raise UpdateMaskInvalid(
            f"update_mask is empty; name what to change: {choices}", field="update_mask"
        )
    for path in mask.paths:
        if path not in allowed:
            raise UpdateMaskInvalid(
                f"update_mask names {path[:64]!r}, which cannot be changed; it may name {choices}",
                field="update_mask",
                path=path[:64],
            )
    return frozenset(mask.paths)
