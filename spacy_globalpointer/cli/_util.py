"""What the commands share."""

from __future__ import annotations

from contextlib import contextmanager
from typing import Iterator, Sequence

from wasabi import msg


@contextmanager
def reported_errors() -> Iterator[None]:
    """Print errors of the data and of the user, and exit with status 1. Errors of the
    program keep their traceback."""
    try:
        yield
    except (ValueError, OSError, ImportError) as err:
        msg.fail(str(err), exits=1)


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


def _format(value: object) -> str:
    return f"{value:,}" if isinstance(value, int) else str(value)
