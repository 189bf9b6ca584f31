"""Time grows as the input does, however it is made: nothing is compared with all else.

Steps of Python are counted, not seconds. What one step of a library does, such as to
match a regular expression, is not seen there: a process with a generous limit of time
reads large inputs as well."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from corpus_helpers import NLP, doc_with, save
from growth_helpers import (
    INPUTS,
    count_steps,
    detect,
    growth,
    read,
    spans,
    words,
    write,
)

from spacy_globalpointer.corpus.align import ON_MISALIGNED, align_text
from spacy_globalpointer.corpus.annotations import AnnotatedText, Source, TextSpan
from spacy_globalpointer.corpus.convert import convert_corpus
from spacy_globalpointer.corpus.export import export_docs
from spacy_globalpointer.corpus.formats.registry import FORMATS
from spacy_globalpointer.corpus.formats.tag_layers import assign_layers
from spacy_globalpointer.corpus.formats.tags import TagRun
from spacy_globalpointer.corpus.from_doc import annotated_from_doc
from spacy_globalpointer.corpus.reader import cut_doc
from spacy_globalpointer.corpus.splits import assign_splits, parse_splits
from spacy_globalpointer.corpus.statistics import CorpusStatistics
from spacy_globalpointer.diagnostics.text_prints import TextPrints

SIZES = (150, 300, 600, 1200)
#: n log n adds a little to 2, and n² makes 4 of it.
MOST = 2.6
SHAPES = {
    "side by side": lambda n: [(i, i + 1) for i in range(n)],
    "crossing": lambda n: [(i, min(n, i + 20)) for i in range(n)],
    "all crossing": lambda n: [(i // 2, n // 2 + i // 2) for i in range(n)],
    "nested": lambda n: [(i // 2, n - i // 2) for i in range(n)],
    "the same": lambda n: [(0, n)] * n,
    "one start": lambda n: [(0, i + 1) for i in range(n)],
    "one end": lambda n: [(i, n) for i in range(n)],
}


def assert_linear(make, do, sizes=SIZES):
    counts = []
    do(make(sizes[0]))  # what is done once
    for n in sizes:
        given = make(n)
        counts.append(count_steps(lambda given=given: do(given)))
    assert max(growth(counts)) < MOST, counts


def doc_of(n, shape):
    return doc_with(["ab"] * n, [(a, b, "X") for a, b in SHAPES[shape](n)])


def annotated(n, places):
    found = [TextSpan("X", a, b, Source("a", 1)) for a, b in places]
    return AnnotatedText("a", words(n), found, len(found))


@pytest.mark.parametrize("name", INPUTS)
def test_time_of_reading_grows_with_the_input(tmp_path, name):
    given = INPUTS[name]
    assert_linear(lambda n: write(tmp_path, given, n), lambda path: read(path, given))


def test_every_format_has_an_input_that_grows():
    assert {given.format for given in INPUTS.values()} == set(FORMATS)


@pytest.mark.parametrize("mode", [m for m in ON_MISALIGNED if m != "error"])
@pytest.mark.parametrize("shift", [0, 1, -1])
def test_time_of_aligning_grows_with_the_input(mode, shift):
    """With spans that fit tokens, that are misaligned, and with white space."""
    assert_linear(
        lambda n: annotated(n, [(max(0, a + shift), b) for a, b in spans(n, n)]),
        lambda given: align_text(NLP, given, on_misaligned=mode),
    )


@pytest.mark.parametrize("shape", SHAPES)
def test_time_of_counting_grows_with_the_input(shape):
    assert_linear(
        lambda n: doc_of(n, shape), lambda doc: CorpusStatistics("sc").add(doc)
    )


@pytest.mark.parametrize("shape", SHAPES)
def test_time_of_cutting_chunks_grows_with_the_input(shape):
    assert_linear(lambda n: doc_of(n, shape), lambda doc: cut_doc(doc, 50))


def test_time_of_layering_tags_grows_with_the_input():
    assert_linear(
        lambda n: [TagRun("X", i, i + 20, True) for i in range(n)],
        lambda runs: assign_layers(runs),
    )


@pytest.mark.parametrize("name", [n for n, f in FORMATS.items() if f.write])
def test_time_of_writing_grows_with_the_input(tmp_path, name):
    # A layer for all spans that overlap: conll and hf-tokens write as many columns.
    cuts = FORMATS[name].cuts_tokens
    shape = "side by side" if cuts else "crossing"
    assert_linear(
        lambda n: annotated_from_doc(doc_of(n, shape)),
        lambda document: FORMATS[name].write([document], tmp_path / "out"),
    )


def test_time_of_splitting_grows_with_the_input():
    names = [(f"a {i}", Source(f"{i}.txt", 1)) for i in range(max(SIZES))]
    assert_linear(
        lambda n: names[:n], lambda given: assign_splits(given, parse_splits("0.5,0.5"))
    )


def test_time_of_finding_leaks_grows_with_the_input():
    assert_linear(
        lambda n: doc_with(['."' + "ab " * 20] * n),
        lambda doc: TextPrints().add(doc),
    )


@pytest.mark.parametrize("shift", [0, 1])
def test_time_of_converting_grows_with_the_input(tmp_path, shift):
    """From reading to rejects and summary, for spans that are kept, or rejected."""

    def make(n):
        document = annotated(n, [(a + shift, b) for a, b in spans(n)])
        FORMATS["jsonl"].write([document], tmp_path / "a.jsonl")
        return tmp_path / "a.jsonl"

    assert_linear(
        make, lambda path: convert_corpus(path, tmp_path / "out", nlp=NLP), SIZES[:3]
    )


def test_time_of_exporting_grows_with_the_input(tmp_path):
    options = {"format": FORMATS["jsonl"], "force": True}
    assert_linear(
        lambda n: save(tmp_path / "a.spacy", [doc_of(n, "crossing")]),
        lambda path: export_docs(path, tmp_path / "out.jsonl", **options),
    )


#: Beginnings of files that made the search for a format slow.
HEADS = {
    "a.txt": lambda n: "a|||1 1" + " " * n,
    "b.txt": lambda n: "|||1 1 a" * (n // 8),
    "c.json": lambda n: '[{"paragraphs": [' * (n // 17),
    "d.json": lambda n: '[["a", ' + '{"entities": ' * (n // 13),
    "e.json": lambda n: '{"classes": ' + '"annotations": [[' * (n // 17),
    "f.json": lambda n: '"tokens": [{' * (n // 12),
    "g.json": lambda n: "[" * n,
    "h.jsonl": lambda n: '{"a":' * (n // 5),
    "i.conll": lambda n: "\t" * n,
    "j.conll": lambda n: "a " * (n // 2) + "B-X\n",
    "k.conll": lambda n: "B-" * (n // 2) + "\tB-X\n",
    "l.json": lambda n: " " * n,
}
LARGE = 200_000


def read_large_inputs(folder: Path) -> None:
    """Is run in a process of its own."""
    for name, make in HEADS.items():
        (folder / name).write_text(make(LARGE), encoding="utf-8")
        detect(folder / name)
    for given in INPUTS.values():
        read(write(folder, given, LARGE // 10), given)
    text = '."\n  ' * LARGE + " " * LARGE + "." + '"' * LARGE
    TextPrints().add(doc_with([text]))


@pytest.mark.slow
def test_large_inputs_are_processed(tmp_path):
    tests = Path(__file__).parent.parent
    code = (
        f"import sys; sys.path[:0] = [{str(tests)!r}, {str(Path(__file__).parent)!r}]; "
        "from pathlib import Path; from test_growth import read_large_inputs; "
        f"read_large_inputs(Path({str(tmp_path)!r}))"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=600)
