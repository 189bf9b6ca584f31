"""Texts without annotation, in the files that `spacy apply` takes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Callable, Dict, Iterator, Tuple

from ..corpus.formats.files import SourceFile, read_lines
from ..errors import Errors

TitledTexts = Iterator[Tuple[str, str]]


def read_txt(path: Path) -> TitledTexts:
    """Read a file that is one text.

    path (Path): The file, in utf-8.
    YIELDS (Tuple[str, str]): The file's name and the text.
    RAISES (ValueError): GP103 for another encoding.
    """
    try:
        yield path.name, path.read_text(encoding="utf-8")
    except UnicodeDecodeError as err:
        fields = {"file": path, "encoding": "utf-8", "position": err.start}
        raise ValueError(Errors.GP103.format(**fields)) from err


def read_jsonl(path: Path) -> TitledTexts:
    """Read a file with a JSON object a line, whose "text" is the text.

    path (Path): The file, in utf-8.
    YIELDS (Tuple[str, str]): FILE:LINE and the text.
    RAISES (ValueError): GP103 for another encoding, GP146 for another line.
    """
    file = SourceFile(path, path.name)
    for number, line in read_lines(file, encoding="utf-8", format="jsonl"):
        if line.strip():
            title = f"{path.name}:{number}"
            yield title, _text_of(line, title)


def _text_of(line: str, source: str) -> str:
    try:
        record = json.loads(line)
    except ValueError as err:
        fields = {"source": source, "reason": f"the line is not JSON ({err})"}
        raise ValueError(Errors.GP146.format(**fields)) from err
    text = record.get("text") if isinstance(record, dict) else None
    if not isinstance(text, str):
        reason = 'it has no "text" that is a string'
        raise ValueError(Errors.GP146.format(source=source, reason=reason))
    return text


#: Readers by ending of the file.
PLAIN_TEXTS: Dict[str, Callable[[Path], TitledTexts]] = {
    ".jsonl": read_jsonl,
    ".txt": read_txt,
}
