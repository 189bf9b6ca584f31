"""Read documents from files: .jsonl, .csv, .parquet, .spacy, and folders of .txt."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Dict, Iterator, List, Optional, Sequence, Tuple

from spacy.vocab import Vocab

from ..corpus.annotations import Source
from ..corpus.docbin import parse_docs
from ..corpus.formats.files import (
    GZ,
    SourceFile,
    find_files,
    malformed,
    read_blocks,
    read_bytes,
)
from ..corpus.formats.json_values import read_json_lines
from ..corpus.formats.parquet import parquet_file, read_batches, reported_damage
from ..corpus.metadata import ID, doc_meta, doc_name
from ..errors import Errors
from .settings import Settings

#: Kinds of files, by the ending of their names; .gz may follow except for .parquet.
JSONL, CSV, TXT, SPACY, PARQUET = KINDS = (
    *(".jsonl", ".csv", ".txt"),
    *(".spacy", ".parquet"),
)
_ENCODING = "utf-8"
#: Highest size of a line of JSON, in MiB, and of a cell of CSV, in characters.
_LONGEST_LINE, _LONGEST_CELL = 1024, 2**31 - 1
#: Types of Arrow for texts, also as values of a dictionary.
_STRINGS = ("string", "large_string", "string_view")
#: Documents, and characters, of a block.
_ROWS, _CHARS = 500, 2_000_000
#: A row of a file: its number from 1, and its columns.
_Row = Tuple[int, Dict[str, Any]]


@dataclass
class Block:
    """Consecutive documents of a file.

    file (str): Name of the file.
    numbers (Sequence[int]): Numbers of their rows or lines, from 1.
    texts (Sequence[Any]): Values in the column of texts.
    ids (Optional[Sequence[Any]]): Values in the column of ids; None without one.
    kept (Dict[str, Any]): Values of the columns to keep; lists, or Arrow arrays of
        Parquet.
    """

    file: str
    numbers: Sequence[int]
    texts: Sequence[Any]
    ids: Optional[Sequence[Any]]
    kept: Dict[str, Any]

    def __len__(self) -> int:
        return len(self.numbers)

    def cut(self, start: int, end: int) -> Block:
        """RETURNS (Block): Some of the documents.

        start (int): The first one.
        end (int): The one after the last.
        """
        ids = None if self.ids is None else self.ids[start:end]
        kept = {name: values[start:end] for name, values in self.kept.items()}
        part = slice(start, end)
        return Block(self.file, self.numbers[part], self.texts[part], ids, kept)

    def place(self, row: int) -> str:
        """RETURNS (str): File and row of a document, which is also its id where the
        input has none; only the name of a .txt file.

        row (int): Its place in the block.
        """
        if self.file.removesuffix(GZ).endswith(TXT):
            return self.file
        return f"{self.file}:{self.numbers[row]}"


def find_input(path: Path) -> Tuple[List[SourceFile], str]:
    """Find the files to annotate.

    path (Path): A file, or a folder.
    RETURNS (Tuple[List[SourceFile], str]): The files in the order of their names, and
        their kind, one of `KINDS`.
    RAISES (ValueError): GP165 if there are none, GP264 if there are several kinds.
    """
    files = list(find_files(path, KINDS, format="documents"))
    kinds = sorted({_kind_of(file) for file in files})
    if "" in kinds:
        endings = ", ".join(KINDS)
        fields = {"path": path, "format": "documents", "suffixes": endings}
        raise ValueError(Errors.GP165.format(**fields))
    if len(kinds) > 1:
        raise ValueError(Errors.GP264.format(path=path, kinds=", ".join(kinds)))
    return files, kinds[0]


def _kind_of(file: SourceFile) -> str:
    name = file.name.removesuffix(GZ)
    return next((kind for kind in KINDS if name.endswith(kind)), "")


def first_columns(file: SourceFile, kind: str) -> List[str]:
    """Find the columns of a file.

    file (SourceFile): The file.
    kind (str): Its kind.
    RETURNS (List[str]): The columns; of .jsonl and .spacy files, those of the first
        document; none of an empty file.
    """
    if kind == PARQUET:
        return list(parquet_file(file).schema_arrow.names)
    first = next(_READERS[kind](file, Settings()), None)
    return [] if first is None else list(first[1])


def read_file(
    file: SourceFile, kind: str, id: Optional[str], settings: Settings
) -> Iterator[Block]:
    """Read the documents of a file in blocks of bounded size.

    file (SourceFile): The file.
    kind (str): Its kind.
    id (Optional[str]): Column of the ids; None if there is none.
    settings (Settings): The settings. A kept value that a row of .jsonl or .spacy lacks
        is None.
    YIELDS (Block): The documents.
    RAISES (ValueError): GP258 for a file without a column, or a row of .jsonl without a
        text; GP263 for texts of Parquet that are not strings; GP103, GP118, GP152,
        GP160, GP164, GP169 or GP170 for a file that cannot be read.
    """
    if kind == PARQUET:
        yield from _read_parquet(file, id, settings)
        return
    names = [settings.text, *([] if id is None else [id]), *settings.keep]
    rows = _READERS[kind](file, settings)
    while block := list(_next_rows(rows, settings.text)):
        for number, row in block:
            needed = names if kind == CSV else [settings.text]
            check_columns(needed, list(row), f"{file.name}:{number}")
        texts, *others = ([row.get(name) for _, row in block] for name in names)
        ids = None if id is None else others.pop(0)
        kept = dict(zip(settings.keep, others))
        yield Block(file.name, [number for number, _ in block], texts, ids, kept)


def check_columns(names: Sequence[str], known: Sequence[str], source: str) -> None:
    """Check that columns exist.

    names (Sequence[str]): The columns to read.
    known (Sequence[str]): The columns that exist.
    source (str): File, or file and row, for the message.
    RAISES (ValueError): GP258 for the first one that does not exist.
    """
    for name in names:
        if name not in known:
            fields = {"source": source, "name": name}
            listed = ", ".join(map(repr, known)) or "no columns"
            raise ValueError(Errors.GP258.format(**fields, known=listed))


def _next_rows(rows: Iterator[_Row], text: str) -> Iterator[_Row]:
    chars = 0
    for row in islice(rows, _ROWS):
        yield row
        value = row[1].get(text)
        chars += len(value) if isinstance(value, str) else 0
        if chars >= _CHARS:
            return


def _read_parquet(
    file: SourceFile, id: Optional[str], settings: Settings
) -> Iterator[Block]:
    parquet = parquet_file(file)
    schema = parquet.schema_arrow
    names = [settings.text, *([] if id is None else [id]), *settings.keep]
    check_columns(names, schema.names, file.name)
    found = schema.field(settings.text).type
    is_dictionary = str(found).startswith("dictionary<")
    if str(found.value_type if is_dictionary else found) not in _STRINGS:
        fields = {"file": file.name, "name": settings.text, "found": found}
        fields |= {"first": "a column of texts", "known": "string"}
        raise ValueError(Errors.GP263.format(**fields))
    number = 1
    for batch in read_batches(file, parquet, list(dict.fromkeys(names))):
        with reported_damage(file):
            batch.validate(full=True)
            texts = batch.column(settings.text).to_pylist()
            ids = None if id is None else batch.column(id).to_pylist()
        kept = {name: batch.column(name) for name in settings.keep}
        numbers = range(number, number + len(batch))
        yield Block(file.name, numbers, texts, ids, kept)
        number += len(batch)


def _read_jsonl(file: SourceFile, settings: Settings) -> Iterator[_Row]:
    lines = read_json_lines(
        file, encoding=_ENCODING, format="JSON lines", longest=_LONGEST_LINE
    )
    for source, row in lines:
        yield source.line, row


def _read_csv(file: SourceFile, settings: Settings) -> Iterator[_Row]:
    csv.field_size_limit(_LONGEST_CELL)  # the default is 131,072 characters
    lines = _csv_lines(file)
    try:
        rows = csv.reader(lines, strict=True)
        header = next(rows, [])
        for number, cells in enumerate(filter(None, rows), start=1):
            if len(cells) != len(header):
                n = f"{len(cells)} cells, but the first row has {len(header)}"
                reason = f"document {number} has {n}"
                raise malformed(Source(file.name, rows.line_num), "CSV", reason)
            yield number, dict(zip(header, cells))
    except csv.Error as error:
        raise malformed(Source(file.name, rows.line_num), "CSV", error) from error


def _csv_lines(file: SourceFile) -> Iterator[str]:
    """YIELDS (str): Lines with their ends, which can be inside a cell."""
    rest = ""
    for block in read_blocks(file, encoding=_ENCODING):
        *lines, rest = (rest + block).split("\n")
        yield from (f"{line}\n" for line in lines)
    if rest:
        yield rest


def _read_txt(file: SourceFile, settings: Settings) -> Iterator[_Row]:
    """Read a text up to the character that is one too many."""
    text = io.StringIO()
    for block in read_blocks(file, encoding=_ENCODING):
        text.write(block)
        if text.tell() > settings.max_chars:
            break
    yield 1, {settings.text: text.getvalue()[: settings.max_chars + 1]}


def _read_spacy(file: SourceFile, settings: Settings) -> Iterator[_Row]:
    docs = parse_docs(read_bytes(file), Vocab(), path=file.path)
    for number, doc in enumerate(docs, start=1):
        name = {ID: doc_name(doc)} if doc_name(doc) else {}
        yield number, {**doc_meta(doc), **name, settings.text: doc.text}


_READERS = {JSONL: _read_jsonl, CSV: _read_csv, TXT: _read_txt, SPACY: _read_spacy}
