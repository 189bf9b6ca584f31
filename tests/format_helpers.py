"""Documents and files for the tests of formats."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

from corpus_helpers import places
from hypothesis import strategies as st

from spacy_globalpointer.corpus.annotations import AnnotatedText, Source, TextSpan
from spacy_globalpointer.corpus.formats.registry import (
    FORMATS,
    detect_format,
    read_documents,
)

# Astral characters, a combining mark, a joiner, line ends and what formats are made of.
CHARACTERS = 'ab 北é\u0301😀👩\u200d\n\r\t|\\"{[\ufeff'


@st.composite
def documents(draw, *, characters=CHARACTERS, labels=("ORG", "a b", "标"), ids=False):
    """A document with spans anywhere, nested, crossing or twice."""
    text = draw(st.text(characters, max_size=12))
    marks = st.text("Ts12", min_size=1, max_size=3) if ids else st.just("")
    scores = st.none() | st.floats(0, 1) if ids else st.none()
    spans = [
        TextSpan(
            draw(st.sampled_from(labels)),
            a,
            b,
            Source("", 1),
            draw(marks),
            draw(scores),
        )
        for a, b in draw(places(len(text)))
    ]
    return AnnotatedText("d", text, spans, len(spans))


def named(drawn):
    """The documents with names of their own."""
    for number, document in enumerate(drawn):
        document.name = f"name {number}"
    return drawn


def read_all(name, path, **options):
    """Documents and rejects of a file; every annotation has one fate."""
    found = list(read_documents(FORMATS[name], path, options=options))
    for document, rejects in found:
        assert document.n_read == len(document.spans) + len(rejects)
        assert not (document.skip and document.spans)
    return found


def read_value(name, folder, value, suffix=".json", **options):
    """Documents and rejects of a file with a JSON value."""
    path = folder / f"file{suffix}"
    path.write_text(json.dumps(value, ensure_ascii=False), encoding="utf-8")
    return read_all(name, path, **options)


def read_one(name, folder, value, **options):
    """The only document of a JSON value, and its rejects."""
    [found] = read_value(name, folder, value, **options)
    return found


def reasons(rejects):
    return [reject.reason.value for reject in rejects]


def triples(document):
    return [(span.label, span.start, span.end) for span in document.spans]


def texts(document):
    return [
        (span.label, document.text[span.start : span.end]) for span in document.spans
    ]


def there_and_back(name, given, *, writing=None, reading=None):
    """Documents as they are read after they were written, and the bytes of both
    writings: the second is of what was read of the first."""
    format = FORMATS[name]
    with tempfile.TemporaryDirectory() as folder:
        first = Path(folder) / f"first{format.suffixes[0]}"
        second = first.with_name(f"second{format.suffixes[0]}")
        format.write(given, first, **(writing or {}))
        found = read_all(name, first, **(reading or {}))
        assert not any(rejects for _, rejects in found)
        back = [document for document, _ in found]
        format.write(back, second, **(writing or {}))
        return back, first.read_bytes(), second.read_bytes()


def detected(folder, content, file="file.tsv", **options):
    """Documents and rejects of a file whose format is detected."""
    path = folder / file
    path.write_text(content, encoding="utf-8")
    return read_all(detect_format(path).name, path, **options)
