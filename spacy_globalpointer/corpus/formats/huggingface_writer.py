"""The writer of token-tag columns of Hugging Face `datasets`."""

from __future__ import annotations

import json
import re
import tempfile
from itertools import count
from pathlib import Path
from typing import Any, Dict, Iterable, Iterator, List, Tuple, Union

from ...errors import Errors
from ..annotations import AnnotatedText
from .class_names import as_names
from .tag_layers import TaggedSentence, tag_sentences
from .tags import AUTO, OUTSIDE, SCHEMES, read_scheme

NAME = "hf-tokens"
#: Columns of the first layers, as in germeval_14. Further ones are ner_tags_3 and so
#: on.
LAYERS = ("ner_tags", "nested_ner_tags")
_FURTHER = re.compile("ner_tags_([0-9]{1,4})")
#: Metadata that the writers of formats use. They do not become columns.
_PRIVATE = (NAME, "conll", "prodigy")
_HALF = re.compile("[\ud800-\udfff]")


def find_layers(columns: Iterable[str]) -> List[str]:
    """RETURNS (List[str]): The columns whose names are those of layers, in order."""
    columns = list(columns)
    numbers = [_FURTHER.fullmatch(column) for column in columns]
    further = [match for match in numbers if match]
    further.sort(key=lambda match: int(match[1]))
    known = [column for column in LAYERS if column in columns]
    return known + [match[0] for match in further]


def write_hf_tokens(
    documents: Iterable[AnnotatedText],
    path: Path,
    *,
    scheme: str = AUTO,
    sentences: bool = False,
) -> None:
    """Write documents as JSON lines: id, tokens, columns of tags, other fields that
    were read, and metadata.

    Tags are names, never class ids. All records have the same number of layers: the
    highest that a record needs, and at least that of the first document.
    `tag_layers.tag_sentences` assigns spans to layers. Other fields are written back if
    the tokens are those that were read.

    documents (Iterable[AnnotatedText]): The documents.
    path (Path): The new file.
    scheme (str): IOB1, IOB2, BIOES, BMES, BILOU; or auto, for that of the first
        document, or IOB2.
    sentences (bool): Whether each line of a text is a record, not each document.
    RAISES (ValueError): GP167 for a bad option, GP172 for a span without a token,
        GP173 for a label that no tag can hold.
    """
    known = read_scheme(scheme, NAME)
    place = Path(path).parent
    names: List[str] = []
    with tempfile.TemporaryFile("w+", encoding="utf-8", dir=place) as draft:
        for document in documents:
            meta = _Meta(document)
            known = known or meta.scheme
            names = names or meta.tags
            for record, layers in _make_records(
                document, meta, known, names, sentences
            ):
                names = _extend(names, len(layers))
                rest = {**meta.own, **meta.others}
                draft.write(json.dumps([record, layers, rest]) + "\n")
        draft.seek(0)
        with open(path, "w", encoding="utf-8", newline="\n") as stream:
            for entry in draft:
                stream.write(_finish(entry, names) + "\n")


class _Meta:
    """The fields that the reader stored with a document."""

    def __init__(self, document: AnnotatedText) -> None:
        found = document.meta.get(NAME)
        meta: Dict[str, Any] = found if isinstance(found, dict) else {}
        id, tokens, scheme = (meta.get(key) for key in ("id", "tokens", "scheme"))
        others, tags = meta.get("others"), as_names(meta.get("tags"))
        self.id: Union[str, int] = document.name
        if isinstance(id, (str, int)) and not isinstance(id, bool):
            self.id = id
        self.token_column = tokens if isinstance(tokens, str) else "tokens"
        taken = {"id", self.token_column} & set(tags)
        self.tags = [LAYERS[0]] if taken or not tags else list(dict.fromkeys(tags))
        known = isinstance(scheme, str) and scheme in SCHEMES
        self.scheme = str(scheme) if known else "IOB2"
        self.others: Dict[str, Any] = others if isinstance(others, dict) else {}
        self.own = {k: v for k, v in document.meta.items() if k not in _PRIVATE}


def _finish(entry: str, names: List[str]) -> str:
    record, layers, others = json.loads(entry)
    n_tokens = len(layers[0])
    layers += [[OUTSIDE] * n_tokens] * (len(names) - len(layers))
    full = {**record, **dict(zip(names, layers))}
    rest = {key: value for key, value in others.items() if key not in full}
    line = json.dumps({**full, **rest}, ensure_ascii=False)
    return json.dumps({**full, **rest}) if _HALF.search(line) else line


def _extend(names: List[str], n_layers: int) -> List[str]:
    """RETURNS (List[str]): The columns, with new ones added up to the number of
    layers."""
    made = (f"ner_tags_{i}" for i in count(3))
    names = list(names)
    for name in (*LAYERS, *(next(made) for _ in range(n_layers))):
        if len(names) < n_layers and name not in names:
            names.append(name)
    return names


def _make_records(
    document: AnnotatedText,
    meta: _Meta,
    scheme: str,
    names: List[str],
    by_sentence: bool,
) -> Iterator[Tuple[Dict[str, Any], List[List[str]]]]:
    """YIELDS (Tuple[Dict[str, Any], List[List[str]]]): Id and tokens, and the
    layers."""
    for span in document.spans:
        if not span.label or _HALF.search(span.label):
            fields = {"name": document.name, "label": span.label, "format": NAME}
            raise ValueError(Errors.GP173.format(**fields))
    found = tag_sentences(
        document,
        scheme=scheme,
        format=NAME,
        n_layers=len(names),
        by_lines=by_sentence,
    )
    tagged = list(found)
    if not tagged and not by_sentence:
        tagged = [TaggedSentence([], [], [[] for _ in names])]
    if by_sentence or len(tagged[0].tokens) != len(document.tokens or []):
        meta.others = {}
    for number, sentence in enumerate(tagged, start=1):
        id = f"{meta.id}:{number}" if by_sentence else meta.id
        yield {"id": id, meta.token_column: sentence.tokens}, sentence.columns
