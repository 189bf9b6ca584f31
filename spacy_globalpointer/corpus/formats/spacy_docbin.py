"""spaCy's .spacy files, as `convert`, `spacy apply` and `spacy convert` write them.

They can be converted again with another tokenizer, other splits or another key of
`doc.spans`. Their spans are token spans, whose characters are `Span.start_char` and
`Span.end_char`, which count Unicode code points, the end exclusive
(https://spacy.io/api/span#attributes). One group of spans is read. Other groups and
annotations of tokens are not.
"""

from __future__ import annotations

from pathlib import Path
from typing import Iterator, List

import spacy
from spacy.tokens import Doc

from ..annotations import AnnotatedText, Document, Reason, Reject, Source, find_fault
from ..docbin import FORMAT as NAME
from ..docbin import SUFFIXES, parse_docs
from ..from_doc import annotated_from_doc
from .files import SourceFile, read_bytes
from .format import Format, read_each


def read_file(
    file: SourceFile,
    *,
    encoding: str = "utf-8",
    spans_key: str = "sc",
    ents: bool = False,
) -> Iterator[Document]:
    """Read a file.

    file (SourceFile): The file.
    encoding (str): Not needed: the format has its own.
    spans_key (str): Key of the spans in `Doc.spans`.
    ents (bool): Whether to use `doc.ents` if there is no such key.
    YIELDS (Document): The documents, named by their titles, or else NAME:NUMBER. The
        line of a source is the number of the Doc.
    RAISES (ValueError): GP118 if the file is not in this format, GP151 if it is larger
        than its limit, GP180 if a Doc has no such key, and GP169 for a damaged .gz.
    """
    vocab = spacy.blank("xx").vocab
    data = read_bytes(file)
    docs = parse_docs(data, vocab, path=file.path, check_size=file.check_size)
    for number, doc in enumerate(docs, start=1):
        annotated = annotated_from_doc(
            doc,
            spans_key=spans_key,
            name=f"{file.stem}:{number}",
            ents=ents,
            source=Source(file.name, number),
        )
        yield _split_off_rejects(annotated, doc)


def _split_off_rejects(annotated: AnnotatedText, doc: Doc) -> Document:
    """Separate the rejects: spans without characters, which a Doc may have, and labels
    of the document."""
    spans, rejects = [], []
    for span in annotated.spans:
        fault = find_fault(annotated.text, span.start, span.end)
        if fault is None:
            spans.append(span)
        else:
            value = f"{span.label} {span.start} {span.end}"
            rejects.append(Reject.at(annotated.source, value, fault))
    rejects.extend(_labels(annotated.source, doc))
    annotated.spans, annotated.n_read = spans, len(spans) + len(rejects)
    return annotated, rejects


def _labels(source: Source, doc: Doc) -> List[Reject]:
    values = (f"{label} {value}" for label, value in doc.cats.items())
    return [Reject.at(source, value, Reason.NOT_A_SPAN) for value in values]


def looks_like(path: Path, head: str) -> bool:
    """RETURNS (bool): Whether the file's name ends in .spacy."""
    return path.suffix == ".spacy" and not path.is_dir()


SPACY = Format(
    NAME,
    "spaCy's .spacy files (DocBin), to convert them again",
    read_each(NAME, SUFFIXES, read_file),
    looks_like,
    SUFFIXES,
)
