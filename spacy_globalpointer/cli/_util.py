"""What the commands share."""

from __future__ import annotations

import os
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import Dict, Iterator, Sequence

from wasabi import msg

from ..errors import Errors


@contextmanager
def reported_errors() -> Iterator[None]:
    """Print errors of the data and of the user, and exit with status 1. Errors of the
    program keep their traceback."""
    try:
        yield
    except (ValueError, OSError, ImportError) as err:
        msg.fail(str(err), exits=1)


def parse_pairs(option: str, values: Sequence[str]) -> Dict[str, str]:
    """Read options of the form NAME=VALUE.

    option (str): Name of the option, for messages.
    values (Sequence[str]): What the user gave.
    RETURNS (Dict[str, str]): The values by name.
    RAISES (ValueError): GP188 for another form, or a name that comes twice.
    """
    pairs: Dict[str, str] = {}
    for value in values:
        name, equals, rest = value.partition("=")
        if not name or not equals or name in pairs:
            raise ValueError(Errors.GP188.format(option=option, value=value))
        pairs[name] = rest
    return pairs


def print_table(title: str, columns: Sequence[str], rows: Sequence[Sequence]) -> None:
    """Print a table of numbers.

    title (str): What is measured.
    columns (Sequence[str]): Names of the columns of numbers.
    rows (Sequence[Sequence]): For each row its name and the numbers.
    """
    msg.table(
        [[name, *(_format(value) for value in values)] for name, *values in rows],
        header=[title, *columns],
        aligns=["l", *("r" for _ in columns)],
        divider=True,
    )


def write_text(text: str, output: Path) -> None:
    """Write a file so that it is never half-written.

    text (str): What the file is to hold, in utf-8.
    output (Path): The file.
    """
    folder = output.absolute().parent
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".draft.", dir=folder) as staging:
        draft = Path(staging) / output.name
        draft.write_text(text, encoding="utf-8")
        os.replace(draft, output)


def _format(value: object) -> str:
    return f"{value:,}" if isinstance(value, int) else str(value)
