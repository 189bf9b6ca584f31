"""Small brat corpora and .spacy files for the tests of corpus/ and cli/."""

from __future__ import annotations

import json

import spacy
from hypothesis import strategies as st
from spacy.tokens import Doc, DocBin, Span

NLP = spacy.blank("en")
TEXT = "The Bank of Leith paid Mary ."


def write_brat(folder, documents):
    """Write documents: name -> (text or bytes or None, lines of the .ann or None)."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, (text, lines) in documents.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        if text is not None:
            data = text if isinstance(text, bytes) else text.encode("utf-8")
            (folder / f"{name}.txt").write_bytes(data)
        if lines is not None:
            content = "".join(f"{line}\n" for line in lines)
            (folder / f"{name}.ann").write_bytes(content.encode("utf-8"))
    return folder


def span_line(text, start, end, label="ORG", number=1):
    """A T line as brat writes it."""
    copy = text[start:end].replace("\n", " ")
    return f"T{number}\t{label} {start} {end}\t{copy}"


def load(path):
    return list(DocBin().from_disk(path).get_docs(NLP.vocab))


def save(path, docs):
    DocBin(docs=docs, store_user_data=True).to_disk(path)
    return path


def read_jsonl(path):
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def char_spans(doc, key="sc"):
    return [(span.label_, span.start_char, span.end_char) for span in doc.spans[key]]


def doc_with(words, spans=(), key="sc", **kwargs):
    """A Doc of the words with (start, end, label) under the key."""
    doc = Doc(NLP.vocab, words=words, **kwargs)
    doc.spans[key] = [Span(doc, a, b, label=label) for a, b, label in spans]
    return doc


def trim(text, start, end):
    """A part of a text without white space at its ends; empty if nothing remains."""
    part = text[start:end]
    start += len(part) - len(part.lstrip())
    return start, start + len(part.strip())


@st.composite
def places(draw, length: int, max_size: int = 8):
    """Non-empty (start, end) within a length, the end exclusive."""
    if length == 0:
        return []
    starts = st.integers(0, length - 1)
    one = starts.flatmap(lambda a: st.tuples(st.just(a), st.integers(a + 1, length)))
    return draw(st.lists(one, max_size=max_size))
