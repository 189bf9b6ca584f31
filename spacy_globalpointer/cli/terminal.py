"""Printing for the commands. Control characters in labels, names and texts are made
visible, so that they cannot steer the terminal."""

from __future__ import annotations

import warnings
from contextlib import contextmanager
from typing import Any, Collection, Iterator

import wasabi

from ..wording import visible


class Printer(wasabi.Printer):
    """wasabi's printer that makes control characters visible, used by all commands."""

    def text(self, title: Any = "", text: Any = "", *args: Any, **kwargs: Any) -> Any:
        """Print a message. `good`, `warn`, `fail` and `info` call this too."""
        title, text = visible(str(title)), visible(str(text))
        return super().text(title, text, *args, **kwargs)

    def divider(self, text: str = "", *args: Any, **kwargs: Any) -> Any:
        """Print a headline."""
        return super().divider(visible(text), *args, **kwargs)

    def table(self, data: Any, **kwargs: Any) -> Any:
        """Print a table.

        data (Any): A list of rows.
        """
        if kwargs.get("header") is not None:
            kwargs["header"] = _cells(kwargs["header"])
        return super().table([_cells(row) for row in data], **kwargs)

    def row(self, data: Collection, **kwargs: Any) -> Any:
        """Print a row of a table."""
        return super().row(_cells(data), **kwargs)


#: Printer of all commands.
msg = Printer()


@contextmanager
def visible_warnings() -> Iterator[None]:
    """Make control characters in warnings visible."""
    show = warnings.showwarning

    def show_visible(message: Any, *args: Any, **kwargs: Any) -> None:
        text = visible(str(message), keep="\n\t")
        show(message if text == str(message) else Warning(text), *args, **kwargs)

    warnings.showwarning = show_visible
    try:
        yield
    finally:
        warnings.showwarning = show


def _cells(row: Any) -> Any:
    return [visible(str(cell)) for cell in row]
