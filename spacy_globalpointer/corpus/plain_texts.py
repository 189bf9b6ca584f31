"""Read texts without annotation: .txt files, and .jsonl files with a text per line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Iterator, Tuple

from ..errors import Errors
from .formats.files import GZ, SourceFile, read_blocks, read_lines
from .formats.json_values import HALF

TXT, JSONL = ".txt", ".jsonl"
#: Name of the format, for messages.
FORMAT = "raw text"
_ENCODING = "utf-8"


def is_plain(path: Path) -> bool:
    """RETURNS (bool): Whether a file's ending is one of plain texts; .gz may follow."""
    return path.name.removesuffix(GZ).endswith((TXT, JSONL))


def read_plain_texts(file: SourceFile) -> Iterator[Tuple[str, Iterator[str]]]:
    """Read the texts of a UTF-8 file. A text is a whole .txt file, or "text" in a line
    of a .jsonl file.

    file (SourceFile): The file; one that ends in .gz is unpacked.
    YIELDS (Tuple[str, Iterator[str]]): The text's title (FILE or FILE:LINE), and the
        text in blocks of any size, to be read before the next text.
    RAISES (ValueError): GP146 for a line without a text, and what
        `files.read_lines` raises.
    """
    if file.name.removesuffix(GZ).endswith(JSONL):
        for number, line in read_lines(file, encoding=_ENCODING, format=FORMAT):
            if line.strip():
                title = f"{file.name}:{number}"
                yield title, iter([_text_of(line, title)])
    else:
        yield file.name, read_blocks(file, encoding=_ENCODING)


def _text_of(line: str, source: str) -> str:
    try:
        record = json.loads(line)
    except (ValueError, RecursionError) as err:
        fields = {"source": source, "reason": f"the line is not JSON ({err})"}
        raise ValueError(Errors.GP146.format(**fields)) from err
    text = record.get("text") if isinstance(record, dict) else None
    if not isinstance(text, str):
        reason = 'it has no "text" that is a string'
        raise ValueError(Errors.GP146.format(source=source, reason=reason))
    half = HALF.search(text)
    if half is not None:
        reason = f"character {half.start()} of its text is half a surrogate pair"
        raise ValueError(Errors.GP146.format(source=source, reason=reason))
    return text
