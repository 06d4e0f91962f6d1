"""The one catalogue of tables, and the column kinds that every area shares."""

from typing import Any
from uuid import UUID

from sqlalchemy import Column, DateTime, MetaData, Numeric, Text, Uuid
from sqlalchemy.schema import SchemaItem

metadata = MetaData(
    naming_convention={
        "ix": "%(table_name)s_by_%(column_0_N_name)s",
        "fk": "%(table_name)s_%(column_0_N_name)s_exists",
        "pk": "%(table_name)s_key",
    }
)


def identifier(
    name: str,
    *arguments: SchemaItem,
    nullable: bool = False,
    **options: Any,  # noqa: ANN401  # those of Column
) -> Column[UUID]:
    """Return a UUID column."""
    return Column(name, Uuid, *arguments, nullable=nullable, **options)


def text(
    name: str,
    *arguments: SchemaItem,
    nullable: bool = False,
    **options: Any,  # noqa: ANN401  # those of Column
) -> Column[str]:
    """Return a text column."""
    return Column(name, Text, *arguments, nullable=nullable, **options)


def moment(
    name: str,
    *,
    nullable: bool = False,
    **options: Any,  # noqa: ANN401  # those of Column
) -> Column[Any]:
    """Return a column of aware UTC times."""
    return Column(name, DateTime(timezone=True), nullable=nullable, **options)


def amount(
    name: str,
    *,
    nullable: bool = False,
    **options: Any,  # noqa: ANN401  # those of Column
) -> Column[Any]:
    """Return a column of exact decimals: money, prices, volumes."""
    return Column(name, Numeric(27, 9), nullable=nullable, **options)
