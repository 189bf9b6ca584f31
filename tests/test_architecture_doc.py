"""docs/architecture.md: its files exist, and its two paths are those of the code."""

from __future__ import annotations

import re
import sys
from contextlib import contextmanager
from pathlib import Path

import spacy
from doc_pages import ROOT
from helpers import TEXTS, fit, make_examples
from spacy.cli._util import app
from typer.testing import CliRunner

import spacy_globalpointer
import spacy_globalpointer.cli.app
from spacy_globalpointer.corpus.reader import create_chunked_corpus_v1

PACKAGE = Path(spacy_globalpointer.__file__).parent
PAGE = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")
ANN = "T1\tORG 0 17\tThe Bank of Leith\nT2\tPLACE 12 17\tLeith\n"


def files_of(section):
    """The files in the table of a section, in order."""
    text = PAGE.partition(f"\n## {section}\n")[2].partition("\n## ")[0]
    files = re.findall(r"^\| \d+ \| `([\w/]+\.py)` \|", text, flags=re.MULTILINE)
    assert re.search(rf"\bpass(?:es)? {len(files)} files\b", " ".join(text.split()))
    return files


@contextmanager
def files_passed():
    """Collect the files of the package whose functions are called."""
    seen = set()

    def profile(frame, event, _):
        path = Path(frame.f_code.co_filename)
        is_function = frame.f_code.co_name != "<module>" and frame.f_code.co_flags & 2
        if event == "call" and is_function and path.is_relative_to(PACKAGE):
            seen.add(path.relative_to(PACKAGE).as_posix())

    sys.setprofile(profile)
    try:
        yield seen
    finally:
        sys.setprofile(None)


def build(bert_folder):
    nlp = spacy.blank("en")
    architecture = "spacy-globalpointer.TransformerModel.v1"
    model = {"@architectures": architecture, "name": str(bert_folder)}
    nlp.add_pipe("transformer", config={"model": model})
    nlp.add_pipe("global_pointer", config={"overlap": "nested", "threshold": 0.0})
    return nlp


def test_every_subpackage_is_described():
    names = {path.name for path in PACKAGE.iterdir() if (path / "__init__.py").exists()}
    assert [name for name in names if f"| `{name}/` |" not in PAGE] == []


def test_functions_of_the_page_are_in_the_files_that_it_names():
    pairs = re.findall(r"`(\w+)` in `([\w/]+\.py)`", PAGE)
    assert len(pairs) > 5
    for name, file in pairs:
        code = (PACKAGE / file).read_text(encoding="utf-8")
        assert re.search(rf"^\s*(def |class |){name}\b", code, flags=re.MULTILINE), name


def test_files_of_the_page_exist():
    files = set(re.findall(r"`([\w/]+/[\w.]+\.\w+)`", PAGE))
    missing = [f for f in files if not any((x / f).exists() for x in (PACKAGE, ROOT))]
    assert len(files) > 40 and missing == []


def test_a_prediction_runs_the_files_that_the_page_lists(bert_folder):
    nlp = build(bert_folder)
    fit(nlp, make_examples(nlp), steps=1)
    nlp(TEXTS[0])  # what is done once is done
    with files_passed() as passed:
        assert nlp(TEXTS[0]).spans["sc"]
    assert sorted(files_of("The path of a text")) == sorted(passed)


def test_a_gold_span_passes_the_files_of_the_page(bert_folder, tmp_path):
    (tmp_path / "brat").mkdir()
    (tmp_path / "brat/a.txt").write_text(TEXTS[0], encoding="utf-8")
    (tmp_path / "brat/a.ann").write_text(ANN, encoding="utf-8")
    command = ["global-pointer", "convert", str(tmp_path / "brat"), str(tmp_path / "c")]
    nlp = build(bert_folder)
    with files_passed() as passed:
        assert CliRunner().invoke(app, command).exit_code == 0
        corpus = create_chunked_corpus_v1(tmp_path / "c/all.spacy", chunk_size=8)
        fit(nlp, list(corpus(nlp)), steps=1)
    files = files_of("The path of a gold span")
    assert [file for file in files if file not in passed] == []
