"""The progress bar of a run: documents, words per second and the time left."""

from __future__ import annotations

import sys
import time
from threading import Lock
from typing import Optional, Sequence

from tqdm import tqdm

from .annotate import Record
from .settings import N_TOKENS

_FORMAT = "{desc}: {percentage:3.0f}%|{bar}|{postfix} [{elapsed}<{remaining}]"


class Progress:
    """A bar that grows by characters, so that long documents count for more.

    chars (int): Characters of the run.
    documents (int): Its documents.
    text (Optional[str]): Text of the bar; None shows none.
    """

    def __init__(self, chars: int, documents: int, text: Optional[str]) -> None:
        self._lock, self._start = Lock(), time.monotonic()
        self._documents, self._n, self._words = documents, 0, 0
        self._bar = tqdm(
            total=chars,
            desc=text,
            bar_format=_FORMAT,
            leave=False,
            disable=True if text is None else None,
        )

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, *error: object) -> None:
        self._bar.close()

    def add(self, records: Sequence[Record], documents: int, chars: int = 0) -> None:
        """Count documents, from any thread.

        records (Sequence[Record]): Results, whose tokens are counted as words.
        documents (int): Number of the documents.
        chars (int): Their characters.
        """
        with self._lock:
            self._n += documents
            self._words += sum(record[N_TOKENS] or 0 for record in records)
            speed = self._words / max(time.monotonic() - self._start, 1e-3)
            done = f"{self._n:,}/{self._documents:,} documents"
            self._bar.set_postfix_str(f"{done}, {speed:,.0f} words/s", refresh=False)
            self._bar.update(chars)

    def say(self, text: str) -> None:
        """Show a message above the bar, if there is one."""
        if not self._bar.disable:
            self._bar.write(text, file=sys.stderr)
