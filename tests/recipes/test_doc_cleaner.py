"""The recipes' last component: predictions are kept without the encoder's vectors."""

from __future__ import annotations

import subprocess
import sys

import pytest
import spacy
import spacy_transformers  # noqa: F401 (reads vectors that are stored with a Doc)
import srsly
from helpers import TEXTS, make_examples
from small_encoders import make_bert
from spacy.cli._util import app
from spacy.tokens import Doc, DocBin, Span
from spacy.training.initialize import init_nlp
from spacy.training.loop import train
from thinc.api import Config
from typer.testing import CliRunner

from spacy_globalpointer.recipes.make import make_config, recipes


@pytest.fixture(scope="module")
def gold(tmp_path_factory):
    docs = [eg.reference for eg in make_examples(spacy.blank("en"))]
    path = tmp_path_factory.mktemp("corpus") / "gold.spacy"
    DocBin(docs=docs).to_disk(path)
    return path


@pytest.fixture(scope="module")
def encoder(tmp_path_factory):
    return make_bert(tmp_path_factory.mktemp("encoder") / "bert")


@pytest.fixture(scope="module")
def config(encoder, gold):
    """The default recipe's, with a second component on the same transformer."""
    settings = {
        "paths.train": str(gold),
        "paths.dev": str(gold),
        "components.transformer.model.window": 64,
        "components.transformer.model.precision": "fp32",
        "components.transformer.model.context": 4,
        "components.global_pointer.threshold": 0.0,
        "components.global_pointer.max_spans_per_doc": 4,
        "training.max_steps": 4,
        "training.eval_frequency": 2,
        "training.optimizer.learn_rate.warmup_steps": 1,
    }
    text = make_config("default", encoder=str(encoder))
    config = Config().from_str(text, interpolate=False, overrides=settings)
    config["components"]["second"] = config["components"]["global_pointer"]
    config["nlp"]["pipeline"].insert(1, "second")
    return config


@pytest.fixture(scope="module")
def folder(config, tmp_path_factory):
    path = tmp_path_factory.mktemp("pipeline")
    (path / "out").mkdir()
    train(init_nlp(config), path / "out")
    return path / "out/model-last"


def test_recipe_with_an_encoder_ends_with_doc_cleaner():
    for name in recipes():
        pipeline = Config().from_str(make_config(name))["nlp"]["pipeline"]
        assert (pipeline[-1] == "doc_cleaner") == (pipeline[0] == "transformer")


def spans_of(doc):
    group = doc.spans["sc"]
    places = [(span.start, span.end, span.label_) for span in group]
    return list(zip(places, group.attrs["scores"].tolist()))


def test_vectors_are_kept_without_doc_cleaner(folder):
    without, nlp = spacy.load(folder, disable=["doc_cleaner"]), spacy.load(folder)
    for text in TEXTS[:2]:
        kept, cleaned = without(text), nlp(text)
        assert cleaned._.trf_data is None and len(kept._.trf_data.tensors[0][0]) > 10
        assert spans_of(cleaned) == spans_of(kept) != []


def test_training_is_the_same_without_doc_cleaner(folder, config, tmp_path):
    without = config.copy()
    without["nlp"]["pipeline"] = [*config["nlp"]["pipeline"][:-1]]
    train(init_nlp(without), tmp_path)
    ours, other = spacy.load(folder), spacy.load(tmp_path / "model-last")
    for name in ("transformer", "second", "global_pointer"):
        assert ours.get_pipe(name).to_bytes() == other.get_pipe(name).to_bytes()
    assert ours.meta["performance"] == other.meta["performance"]


def copy_spans(found):
    """A Doc as gold is stored: words, and spans without their scores."""
    spaces = [bool(token.whitespace_) for token in found]
    doc = Doc(found.vocab, [token.text for token in found], spaces)
    spans = [Span(doc, x.start, x.end, x.label) for x in found.spans["sc"]]
    doc.spans["sc"] = spans
    return doc


def test_applied_documents_are_about_as_small_as_gold(folder, tmp_path):
    texts, output = [text * 3 for text in TEXTS[:2] * 10], tmp_path / "found.spacy"
    srsly.write_jsonl(tmp_path / "texts.jsonl", [{"text": text} for text in texts])
    command = ["apply", *map(str, (folder, tmp_path / "texts.jsonl", output))]
    result = CliRunner().invoke(app, command)
    assert result.exit_code == 0, f"{result.output}\n{result.exception!r}"
    nlp = spacy.load(folder)
    docs = list(DocBin().from_disk(output).get_docs(nlp.vocab))
    expected = [spans_of(doc) for doc in nlp.pipe(texts, batch_size=1)]
    assert [spans_of(doc) for doc in docs] == expected
    gold = DocBin(docs=map(copy_spans, docs), store_user_data=True).to_bytes()
    print(output.stat().st_size, len(gold))
    assert output.stat().st_size < 1.3 * len(gold)


SCRIPT = """
import sys, torch, spacy
torch.set_num_threads(1)
nlp = spacy.load(sys.argv[1])
docs = list(nlp.pipe(sys.argv[2:] * 4, n_process=2, batch_size=2))
print([doc._.trf_data is None and len(doc.spans["sc"]) > 0 for doc in docs])
"""


def test_several_processes_give_the_same_result(folder):
    """In a process of its own: a fork after torch's thread pool started hangs."""
    command = [sys.executable, "-W", "ignore", "-c", SCRIPT, str(folder), *TEXTS[:2]]
    result = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert result.stdout.strip() == str([True] * 8), result.stderr[-2000:]
