"""Token-tag columns of Hugging Face `datasets`, as JSON lines or Parquet.

    {"id": "0", "tokens": ["EU", "rejects"], "ner_tags": ["B-ORG", "O"]}

`datasets` itself has no rule for named entities: `tokens` (or `words`) and `ner_tags`
are the names on its hub (conll2003, wnut_17, lener_br), with `nested_ner_tags` for a
second layer (germeval_14). Tags are names, or class ids: of a ClassLabel, whose names
`datasets` writes into a Parquet file's schema, under the key "huggingface", and into
dataset_info.json (https://huggingface.co/docs/datasets/about_dataset_features).

The format has no text, so the reader makes one: it joins tokens by one space. Offsets
of spans count the code points of this text. Each record is a document.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import (
    Any,
    Dict,
    Iterator,
    List,
    NamedTuple,
    Optional,
    Sequence,
    Tuple,
    Union,
)

from ...errors import Errors
from ..annotations import Document, Source
from .class_names import INFO_FILES, find_class_names, read_dataset_info
from .files import GZ, SourceFile, malformed
from .format import Format, bad_option, read_each
from .huggingface_writer import LAYERS, NAME, find_layers, write_hf_tokens
from .json_values import get_field, is_kind, read_json_items
from .parquet import open_parquet
from .tag_cells import find_scheme_of_cells
from .tags import AUTO, read_scheme
from .token_text import TokenText

SUFFIXES = (".jsonl", ".json", ".parquet")
LOOKAHEAD = 10_000
TOKENS = ("tokens", "words")
#: Columns of tags. One of them is read if there is none of LAYERS.
SINGLE = ("tags", "ner", "labels")
_PARQUET = ".parquet"
_HALF = re.compile("[\ud800-\udfff]")


def read_file(
    file: SourceFile,
    *,
    encoding: str = "utf-8",
    tokens: str = AUTO,
    tags: str = AUTO,
    labels: str = "",
    scheme: str = AUTO,
    tag_separator: str = AUTO,
    strict: bool = False,
) -> Iterator[Document]:
    """Read a file.

    file (SourceFile): The file. dataset_info.json has no records.
    encoding (str): Its encoding, if it is JSON.
    tokens (str): The column of tokens, or auto.
    tags (str): The columns of tags, such as "ner_tags,nested_ner_tags", or auto.
    labels (str): Names of the class ids in their order, such as "O,B-PER,I-PER".
    scheme (str): IOB1, IOB2, BIOES, BMES, BILOU, or auto to detect it from the first
        10,000 tokens.
    tag_separator (str): Separator of tags in one string; see `tag_cells.split_cell`.
    strict (bool): Whether a span whose tags break the scheme is a reject.
    YIELDS (Document): The documents.
    RAISES (ValueError): GP125 for a string that may be one tag or several, GP164 for
        a record without these columns, GP167 for a bad option, GP170 if pyarrow is
        missing, GP174 for class ids without names.
    """
    wanted = read_scheme(scheme, NAME)
    names = labels.split(",") if labels else []
    if "" in names:
        raise bad_option(NAME, "labels", labels, "names of tags, such as O,B-PER")
    if Path(file.name.removesuffix(GZ)).name in INFO_FILES:
        return
    wish = _Columns(tokens, tags.split(",") if tags != AUTO else [])
    if file.name.removesuffix(GZ).endswith(_PARQUET):
        features, records = open_parquet(file, wish.has)
    else:
        features = read_dataset_info(file.path.parent)
        records = read_json_items(file, encoding=encoding, format=NAME)
    rows = (_read_row(record, source, wish) for source, record in records)
    known = _ClassNames(features, names)
    named = (_name_tags(row, known) for row in rows)
    for row, own in _with_scheme(named, wanted, tag_separator):
        yield _read_document(file, row, own, strict, tag_separator)


class _Columns(NamedTuple):
    """The columns that the user names.

    tokens (str): The column of tokens, or auto.
    tags (List[str]): The columns of tags; empty for auto.
    """

    tokens: str
    tags: List[str]

    def has(self, column: str) -> bool:
        """RETURNS (bool): Whether a column may be needed."""
        tokens = TOKENS if self.tokens == AUTO else (self.tokens,)
        layers = self.tags or [*SINGLE, *find_layers([column])]
        return column == "id" or column in tokens or column in layers


@dataclass
class _Row:
    """A record.

    source (Source): File and line.
    id (Union[str, int]): Its id, or its line.
    token_column (str): Name of the column of tokens.
    tokens (List[str]): The tokens.
    layers (Dict[str, List[Any]]): One tag per token, by column.
    others (Dict[str, Any]): Its other fields.
    """

    source: Source
    id: Union[str, int]
    token_column: str
    tokens: List[str]
    layers: Dict[str, List[Any]]
    others: Dict[str, Any]


def _read_row(record: Dict[str, Any], source: Source, wish: _Columns) -> _Row:
    known = [key for key in TOKENS if key in record] or [TOKENS[0]]
    column = known[0] if wish.tokens == AUTO else wish.tokens
    tokens = get_field(record, column, list, source, NAME)
    if not all(isinstance(token, str) for token in tokens):
        raise malformed(source, NAME, f"{column!r} has a token that is not a string")
    tags = wish.tags or find_layers([k for k, v in record.items() if v is not None])
    tags = tags or [key for key in SINGLE if key in record][:1]
    if not tags:
        raise malformed(
            source, NAME, f"no column of tags: {', '.join(LAYERS + SINGLE)}"
        )
    layers = {key: get_field(record, key, list, source, NAME) for key in tags}
    for key, values in layers.items():
        if len(values) != len(tokens):
            reason = f"{len(tokens)} {column!r}, but {len(values)} {key!r}"
            raise malformed(source, NAME, reason)
    own = record.get("id")
    is_id = isinstance(own, (str, int)) and not isinstance(own, bool)
    id = own if is_id and own is not None else source.line
    used = {column, "id", *tags}
    others = {key: value for key, value in record.items() if key not in used}
    return _Row(source, id, column, tokens, layers, others)


class _ClassNames(Dict[str, Sequence[str]]):
    """Names of class ids by column, from the features or the user."""

    def __init__(self, features: Dict[str, Any], labels: Sequence[str]) -> None:
        super().__init__()
        self._features = features
        self._labels = labels

    def __missing__(self, column: str) -> Sequence[str]:
        self[column] = self._labels or find_class_names(self._features, column)
        return self[column]


def _name_tags(row: _Row, known: _ClassNames) -> _Row:
    """RETURNS (_Row): The row with the names of its tags. A tag without a name becomes
    its JSON."""
    for column, values in row.layers.items():
        names = known[column]
        if not names and any(is_kind(value, int) for value in values):
            raise ValueError(Errors.GP174.format(source=row.source, column=column))
        row.layers[column] = [_name_tag(value, names) for value in values]
    return row


def _name_tag(value: Any, names: Sequence[str]) -> str:
    if is_kind(value, int) and 0 <= value < len(names):
        return names[value]
    if isinstance(value, str) and not _HALF.search(value):
        return value
    return json.dumps(value, default=str)


def _with_scheme(
    rows: Iterator[_Row], wanted: str, tag_separator: str
) -> Iterator[Tuple[_Row, str]]:
    """YIELDS (Tuple[_Row, str]): The rows and the scheme of their tags."""
    head: List[_Row] = []
    n_tokens = 0
    while not wanted and n_tokens < LOOKAHEAD and len(head) < LOOKAHEAD:
        row = next(rows, None)
        if row is None:
            break
        head.append(row)
        n_tokens += len(row.tokens)
    cells = (tags for row in head for tags in row.layers.values())
    scheme = wanted or find_scheme_of_cells(cells, tag_separator)
    for row in chain(head, rows):
        yield row, scheme


def _read_document(
    file: SourceFile, row: _Row, scheme: str, strict: bool, tag_separator: str
) -> Document:
    name = f"{file.stem}:{row.id}"
    text = TokenText(name, row.source, scheme, strict, tag_separator)
    if row.tokens:
        sources = [row.source] * len(row.tokens)
        text.add_sentence(row.tokens, list(row.layers.values()), sources)
    document, rejects = text.finish()
    document.meta[NAME] = {
        **{"id": row.id, "tokens": row.token_column, "tags": list(row.layers)},
        **{"scheme": scheme, "others": row.others},
    }
    return document, rejects


def looks_like(path: Path, head: str) -> bool:
    """RETURNS (bool): Whether the file is a Parquet file."""
    return not head and path.name.endswith(_PARQUET)


def claims(value: Any) -> Optional[bool]:
    """RETURNS (Optional[bool]): See `Format.claims`. It must have tokens, and as many
    tags."""
    if not isinstance(value, dict):
        return False
    lengths = {len(v) for k, v in value.items() if k in TOKENS and _is_list(v, (str,))}
    known = (*SINGLE, *find_layers(value))
    tags = [v for k, v in value.items() if k in known]
    return any(_is_list(v, (str, int)) and len(v) in lengths for v in tags)


def _is_list(value: object, kinds: Tuple[type, ...]) -> bool:
    return isinstance(value, list) and all(is_kind(item, kinds) for item in value)


HF_TOKENS = Format(
    NAME,
    "tokens and ner_tags of Hugging Face datasets, as JSON lines or Parquet",
    read_each(NAME, SUFFIXES, read_file),
    looks_like,
    SUFFIXES,
    write_hf_tokens,
    cuts_tokens=True,
    claims=claims,
)
