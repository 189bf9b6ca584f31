"""Types of the columns of JSON and CSV that are copied to the result."""

from __future__ import annotations

import json
from typing import Any, Sequence

from ..values import is_whole

INT64, STRING, DOUBLE, BOOL, NULL = "int64", "string", "double", "bool", "null"
#: Values of different types, or lists and objects. They are written as JSON texts.
JSON = "json"


class ColumnType:
    """The type that all values of a column have.

    name (str): INT64, DOUBLE, STRING, BOOL or JSON; NULL as long as there is no value.
    is_found (bool): Whether any document had the column with a value.
    """

    def __init__(self) -> None:
        self.name = NULL

    @property
    def is_found(self) -> bool:
        return self.name != NULL

    def add(self, values: Sequence[Any]) -> None:
        """Make the type wide enough for more values.

        values (Sequence[Any]): The values; None fits any type.
        """
        for value in values:
            kind = _type_of(value)
            if kind not in (self.name, NULL) and self.name != JSON:
                numbers = {kind, self.name} == {INT64, DOUBLE}
                wider = DOUBLE if numbers else JSON
                self.name = kind if self.name == NULL else wider


def convert(values: Sequence[Any], name: str) -> Sequence[Any]:
    """Convert the values of a column to its type.

    values (Sequence[Any]): The values.
    name (str): Name of the type.
    RETURNS (Sequence[Any]): The values that Arrow can hold.
    """
    if name == DOUBLE:  # Arrow refuses whole numbers that a double cannot hold exactly
        return [None if value is None else float(value) for value in values]
    if name != JSON:
        return values
    return [None if value is None else json.dumps(value) for value in values]


def _type_of(value: Any) -> str:
    if value is None:
        return NULL
    if isinstance(value, bool):
        return BOOL
    if is_whole(value, least=-(2**63)):
        return INT64
    if isinstance(value, float):
        return DOUBLE
    if isinstance(value, str) and value.encode("utf-8", "replace").decode() == value:
        return STRING
    return JSON
