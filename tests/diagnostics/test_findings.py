"""What `debug` finds: how it weighs it, which documents it names, and which file it
takes for the one that is trained on."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from corpus_helpers import doc_with, save
from spacy.tokens import Doc
from thinc.api import Config
from typer.testing import CliRunner

from spacy_globalpointer.cli.app import global_pointer_cli
from spacy_globalpointer.diagnostics.findings import Finding
from spacy_globalpointer.types import LOST_GOLD

DEFAULT = Path(__file__).parent.parent.parent / "configs" / "default.cfg"
WORDS = [f"w{i}" for i in range(10)]


def debug(*args):
    """Run the command. RETURNS: What it says, as one line, colours left out."""
    result = CliRunner().invoke(global_pointer_cli, ["debug", *map(str, args)])
    assert result.exit_code == 0, f"{result.output}\n{result.exception!r}"
    return " ".join(re.sub(r"\x1b\[[0-9;]*m", "", result.output).split())


def notes(output):
    """The table of small findings."""
    return re.split("[⚠ℹ✔]", output.partition("Notes Below")[2])[0]


def warned(output):
    """What is said outside of tables."""
    return output[len(output.partition("⚠")[0]) :]


def titled(title, spans, words=WORDS, lost=(), **settings) -> Doc:
    doc = doc_with(words, spans, **settings)
    doc.user_data["title"] = title
    if lost:
        doc.user_data[LOST_GOLD] = [list(place) for place in lost]
    return doc


def plain(n):
    """Documents of ten spans each that nothing is wrong with."""
    spans = [(i, i + 1, "X") for i in range(10)]
    return [titled(f"plain-{i}", spans, [*WORDS[:9], f"end{i}"]) for i in range(n)]


CROSSING = [(0, 2, "X"), (1, 3, "Y"), (3, 4, "Y")]
#: Settings, a document with something wrong, what is said and the example of it.
FAULTS = {
    "crossing": (
        ["--overlap", "nested"],
        titled("bad", CROSSING),
        "overlap = 'nested' loses 1 of",
        "bad: 'w0 w1' X and 'w1 w2' Y",
    ),
    "overlapping": (
        ["--overlap", "flat"],
        titled("bad", [(0, 3, "X"), (1, 2, "Y")]),
        "overlap = 'flat' loses 1 of",
        "bad: 'w0 w1 w2' X and 'w1' Y",
    ),
    "long": (
        ["--max-span-length", 2],
        titled("bad", [(0, 3, "X"), (4, 5, "Y")]),
        "1 of 202 gold spans are longer than 2 tokens",
        "bad: 'w0 w1 w2' X",
    ),
    "over a chunk": (
        ["--chunk-size", 2],
        titled("bad", [(0, 3, "X"), (4, 5, "Y")]),
        "1 of 202 gold spans are longer than a chunk of 2 tokens",
        "bad: 'w0 w1 w2' X",
    ),
    "lost": (
        [],
        titled("bad", [(4, 5, "Y")], lost=[(1, 4, "PER")]),
        "1 of 202 gold spans could not be aligned with the tokens",
        "bad: '0 w' PER",
    ),
    "white space": (
        [],
        titled("bad", [(0, 2, "Y")], ["a", "\n"]),
        "1 of 201 spans begin or end with white space",
        "bad: 'a \\n' Y",
    ),
    "misaligned": (
        ["--lang", "en"],
        titled("bad", [(0, 1, "Y")], ["ca", "nnot"], spaces=[False, False]),
        "1 of 201 gold spans do not begin and end at tokens",
        "bad: 'ca' Y",
    ),
}


@pytest.mark.parametrize("options,bad,text,example", FAULTS.values(), ids=FAULTS)
def test_a_single_span_is_a_note_that_names_it(tmp_path, options, bad, text, example):
    path = save(tmp_path / "x.spacy", [*plain(20), bad])
    output = debug(path, *options)
    assert text in notes(output) and example in notes(output)
    assert text not in warned(output)


@pytest.mark.parametrize("fault", [name for name in FAULTS if name != "over a chunk"])
def test_many_spans_are_a_warning_that_names_some(tmp_path, fault):
    options, bad, _, example = FAULTS[fault]
    path = save(tmp_path / "x.spacy", [*plain(1), *[bad] * 8])
    output = debug(path, *options)
    assert not notes(output) and warned(output).count(example) == 3


@pytest.mark.parametrize(
    "n,total,large",
    [
        *[(1, 20_766, False), (737, 9_556, True), (207, 20_766, False)],
        *[(208, 20_766, True), (2, 4, False), (3, 4, True), (3, 300, True)],
        *[(3, 301, False), (0, 0, False)],
    ],
)
def test_number_of_spans_decides_whether_a_finding_is_large(n, total, large):
    assert Finding("x:", "", n, total).is_large == large


def test_one_leaking_document_of_few_is_a_warning(tmp_path):
    train, leak = plain(150), titled("copy", [(0, 1, "X")], [*WORDS[:9], "end7"])
    one = save(tmp_path / "train.spacy", train)
    few = save(tmp_path / "test.spacy", [titled("a", [(0, 1, "X")]), leak])
    text = "test: 1 document is also in train (plain-7 = copy)"
    assert text in warned(debug(one, few))
    others = [titled(f"o{i}", [(0, 1, "X")], [f"o{i}"]) for i in range(150)]
    many = save(tmp_path / "test.spacy", [*others, leak])
    assert text in notes(debug(one, many)) and text not in warned(debug(one, many))


def test_every_leaking_document_is_counted_and_some_are_named(tmp_path):
    def doc(title, words):
        return titled(title, [(0, 1, "X")], words)

    train = save(tmp_path / "train.spacy", [doc("a", ["we", "report"])])
    test = [doc(title, ["we", "report"]) for title in "cde"]
    test.append(doc("f", ["Mary", "sleeps"]))
    output = debug(train, save(tmp_path / "test.spacy", test))
    assert "test in train 3 0 0.0" in output
    assert "test: 3 documents are also in train (a = c, a = d, a = e)" in output


def test_labels_that_a_file_lacks_are_weighed_and_shown_elsewhere(tmp_path):
    rare = titled("rare", [(0, 1, "RARE")])
    dev = save(tmp_path / "dev.spacy", plain(1))
    output = debug(save(tmp_path / "train.spacy", [*plain(20), rare]), dev)
    text = "dev has no span with these labels: RARE."
    assert text in notes(output) and "train has rare: 'w0' RARE" in notes(output)
    output = debug(save(tmp_path / "train.spacy", [*plain(2), *[rare] * 9]), dev)
    assert text in warned(output)


def test_documents_without_a_title_are_named_by_number(tmp_path):
    docs = [*plain(1), doc_with(WORDS, [(0, 3, "X")])]
    output = debug(save(tmp_path / "x.spacy", docs), "--max-span-length", 2)
    assert "document 2: 'w0 w1 w2' X" in output


def test_documents_of_unknown_pieces_and_long_spans_are_named(tmp_path, bert_folder):
    docs = [titled("odd", [(0, 3, "X")], ["a", "北京", "\u200b"])]
    options = ["--encoder", bert_folder, "--window", 8, "--context", 1]
    output = debug(save(tmp_path / "x.spacy", docs), *options)
    assert "Use an encoder that knows them. For example: odd" in output
    assert "replace these characters. For example: odd" in output
    docs = [titled("long", [(0, 9, "X")])]
    output = debug(save(tmp_path / "x.spacy", docs), *options)
    assert (
        "reads more at once. For example: long: 'w0 w1 w2 w3 w4 w5 w6 w7 w8' X"
        in output
    )


@pytest.fixture
def files(tmp_path):
    """Short and long documents, under names that say nothing of it."""
    spans = [(0, 1, "X")]
    short = [titled(f"s{i}", spans, ["a", "b", f"c{i}"]) for i in range(9)]
    long = [titled("l", spans, ["Leith"] * 200)]
    return [save(tmp_path / f"{x}.spacy", d) for x, d in (("a", short), ("b", long))]


def about_chunks(output):
    [text] = re.findall(
        r"(\S+: A chunk of .*? and a window|\S+: A chunk.*?, but)", output
    )
    return text


def test_chunks_are_judged_by_the_file_that_is_trained_on(tmp_path, files, bert_folder):
    short, long = files
    options = ["--encoder", bert_folder, "--window", 40, "--chunk-size", 2]
    # Longer chunks would make a difference to the long document only.
    assert "a: A chunk of 2" in about_chunks(debug(short, long, *options))
    assert "fewer spans are found" not in debug(short, long, *options)
    assert "b: A chunk of 2" in about_chunks(debug(long, short, *options))
    assert "fewer spans are found" in debug(long, short, *options)
    named = long.rename(tmp_path / "train-1.spacy")
    assert "train-1: A chunk of 2" in about_chunks(debug(short, named, *options))


@pytest.mark.parametrize("wrapped", [False, True])
def test_train_file_of_the_config_is_the_training_file(
    tmp_path, files, bert_folder, wrapped
):
    _, long = files
    train = files[0].rename(tmp_path / "train.spacy")
    config = Config().from_disk(DEFAULT, interpolate=False)
    config["paths"].update(train=str(long), encoder=str(bert_folder))
    config["components"]["transformer"]["model"].update(window=40, context=2)
    reader = config["corpora"]["train"]
    if wrapped:
        name = "spacy-globalpointer.RareLabelsCorpus.v1"
        config["corpora"]["train"] = {"@readers": name, "corpus": reader}
    config.to_disk(tmp_path / "c.cfg")
    output = debug(train, long, "--config", tmp_path / "c.cfg")
    assert "b: A chunk of 128" in about_chunks(output)
