"""spaCy's own commands on a pipeline with the component, one after the other."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import spacy
import spacy.cli
from corpus_helpers import load, read_jsonl, save
from helpers import GOLD, TEXTS, found, make_examples
from spacy.cli._util import app
from spacy.tokens import Doc, DocBin
from spacy.training.initialize import init_nlp
from spacy.training.loop import train
from spacy.util import load_config
from typer.testing import CliRunner

import spacy_globalpointer.cli.app  # noqa: F401 (adds the commands)
from spacy_globalpointer.corpus.from_doc import annotated_from_doc

CONFIG = """
[paths]
train = null
dev = null

[nlp]
lang = "en"
pipeline = ["tok2vec","global_pointer"]

[components]

[components.tok2vec]
factory = "tok2vec"

[components.tok2vec.model]
@architectures = "spacy.HashEmbedCNN.v2"
width = 64
depth = 2
embed_size = 500
window_size = 1
maxout_pieces = 2
subword_features = true
pretrained_vectors = null

[components.global_pointer]
factory = "global_pointer"

[components.global_pointer.model]
@architectures = "spacy-globalpointer.EfficientGlobalPointer.v1"

[components.global_pointer.model.tok2vec]
@architectures = "spacy.Tok2VecListener.v1"
width = 64

[corpora]

[corpora.train]
@readers = "spacy-globalpointer.ChunkedCorpus.v1"
path = ${paths.train}
chunk_size = 10

[corpora.dev]
@readers = "spacy.Corpus.v1"
path = ${paths.dev}

[training]
max_steps = 60
eval_frequency = 20

[training.logger]
@loggers = "spacy.ConsoleLogger.v1"
"""


def run(*arguments, code=0):
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    assert result.exit_code == code, f"{result.output}\n{result.exception!r}"
    return result.output


@pytest.fixture(scope="module")
def workplace(tmp_path_factory) -> Path:
    """A corpus, a filled config, and a pipeline that `spacy train` made."""
    folder = tmp_path_factory.mktemp("commands")
    nlp = spacy.blank("en")
    docs = [example.reference for example in make_examples(nlp)]
    DocBin(docs=docs).to_disk(folder / "corpus.spacy")
    (folder / "base.cfg").write_text(CONFIG, encoding="utf-8")
    run("init", "fill-config", folder / "base.cfg", folder / "config.cfg")
    corpus = folder / "corpus.spacy"
    paths = ("--paths.train", corpus, "--paths.dev", corpus)
    run("train", folder / "config.cfg", "--output", folder / "out", *paths)
    return folder


@pytest.fixture
def model(workplace):
    return workplace / "out" / "model-best"


@pytest.fixture
def corpus(workplace):
    return workplace / "corpus.spacy"


def test_fill_config_writes_every_setting(workplace):
    text = (workplace / "config.cfg").read_text("utf-8")
    for setting in (
        *('spans_key = "sc"', "threshold = 0.5", 'overlap = "any"', "thresholds"),
        *("annotate_ents = false", "max_spans_per_doc = 100000", "rope = true"),
        *("max_span_length = null", "label_bias = -6.0", "learn_rate_scale = 1.0"),
        '@scorers = "spacy-globalpointer.span_scorer.v1"',
        "spans_sc_f = 1.0",
    ):
        assert setting in text


def test_train_learns(model):
    nlp = spacy.load(model)
    assert nlp.meta["performance"]["spans_sc_f"] > 0.9
    assert nlp.get_pipe("global_pointer").labels == ("ORG", "PERSON", "PLACE")


def test_init_config(tmp_path):
    run("init", "config", tmp_path / "new.cfg", "--pipeline", "global_pointer")
    text = (tmp_path / "new.cfg").read_text("utf-8")
    assert 'factory = "global_pointer"' in text


def test_init_labels_and_assemble(workplace, corpus, tmp_path):
    paths = ("--paths.train", corpus, "--paths.dev", corpus)
    run("init", "labels", workplace / "config.cfg", tmp_path, *paths)
    file = tmp_path / "global_pointer.json"
    assert json.loads(file.read_text("utf-8")) == ["ORG", "PERSON", "PLACE"]
    config, assembled = tmp_path / "labels.cfg", tmp_path / "assembled"
    section = (
        "\n[initialize]\n\n[initialize.components]\n"
        "\n[initialize.components.global_pointer]\n"
        "\n[initialize.components.global_pointer.labels]\n"
        f'@readers = "spacy.read_labels.v1"\npath = "{file}"\n'
    )
    config.write_text(CONFIG + section, encoding="utf-8")
    run("init", "fill-config", config, config)
    run("assemble", config, assembled, *paths)
    pipe = spacy.load(assembled).get_pipe("global_pointer")
    assert pipe.labels == ("ORG", "PERSON", "PLACE")


def test_debug_config_and_model(workplace, corpus):
    paths = ("--paths.train", corpus, "--paths.dev", corpus)
    run("debug", "config", workplace / "config.cfg", *paths)
    run("debug", "model", workplace / "config.cfg", "global_pointer", *paths)


def test_evaluate(model, corpus, tmp_path):
    run("evaluate", model, corpus, "--output", tmp_path / "scores.json")
    scores = json.loads((tmp_path / "scores.json").read_text("utf-8"))
    assert scores["spans_sc_f"] > 0.9
    assert set(scores["spans_sc_per_type"]) == {"ORG", "PERSON", "PLACE"}


def test_benchmark(model, corpus):
    run("benchmark", "accuracy", model, corpus)
    run("benchmark", "speed", model, corpus, "--batches", 30, "--warmup", 1)


@pytest.mark.filterwarnings("ignore:.*GPW004")
def test_find_threshold(model, corpus):
    arguments = ("global_pointer", "threshold", "spans_sc_f", "--n_trials", 3)
    run("find-threshold", model, corpus, *arguments)


def test_apply(model, tmp_path):
    texts = tmp_path / "texts.jsonl"
    texts.write_text("\n".join(json.dumps({"text": t}) for t in TEXTS), "utf-8")
    run("apply", model, texts, tmp_path / "docs.spacy")
    nlp = spacy.blank("en")
    stored = DocBin().from_disk(tmp_path / "docs.spacy").get_docs(nlp.vocab)
    docs = {doc.text: doc for doc in stored}
    assert found(docs[TEXTS[0]]) == GOLD[0]
    assert all("sc" in doc.spans for doc in docs.values())


#: Texts with ids and metadata.
RECORDS = [
    {"id": "case/7", "text": TEXTS[0], "meta": {"source": "web", "pages": [1, 2]}},
    {"id": "12", "text": TEXTS[1], "meta": {"source": "pdf"}},
]
#: Formats, and what they have no place for.
CHAIN = {
    "jsonl": set(),
    "prodigy": set(),
    "label-studio": set(),
    "doccano": set(),
    "spacy-json": set(),
    "cluener": set(),
    "brat": {"meta"},
    "cmeee": {"id"},
}


@pytest.fixture(scope="module")
def applied(workplace):
    """What `spacy apply` found in the records, which `convert` has read."""
    texts, converted = workplace / "texts.jsonl", workplace / "texts"
    texts.write_text("\n".join(map(json.dumps, RECORDS)), "utf-8")
    run("global-pointer", "convert", texts, converted, "--allow-loss")
    model, found = workplace / "out" / "model-best", workplace / "found.spacy"
    run("apply", model, converted / "all.spacy", found)
    return found


@pytest.mark.parametrize("format,missing", CHAIN.items())
def test_ids_and_metadata_stay_from_apply_to_convert(
    applied, tmp_path, format, missing
):
    out = tmp_path / ("out" if format == "brat" else "out.json")
    run("global-pointer", "export", applied, out, "--format", format)
    options = ["--option", "predictions=true"] if format == "label-studio" else []
    run("global-pointer", "convert", out, tmp_path / "b", "-f", format, *options)
    docs = {doc.text: doc for doc in load(tmp_path / "b" / "all.spacy")}
    for record, gold in zip(RECORDS, GOLD):
        doc = docs[record["text"]]
        assert set(found(doc)) == set(gold)
        kept = annotated_from_doc(doc)
        assert kept.name == record["id"] or "id" in missing
        assert kept.meta == record["meta"] or "meta" in missing


def test_ids_and_metadata_are_fields_of_hf_tokens(applied, tmp_path):
    out = tmp_path / "out.jsonl"
    run("global-pointer", "export", applied, out, "--format", "hf-tokens")
    records = read_jsonl(out)
    assert [(r["id"], r["source"]) for r in records] == [
        ("case/7", "web"),
        ("12", "pdf"),
    ]
    run("global-pointer", "convert", out, tmp_path / "b")
    again = tmp_path / "again.jsonl"
    docs = tmp_path / "b" / "all.spacy"
    run("global-pointer", "export", docs, again, "--format", "hf-tokens")
    assert again.read_bytes() == out.read_bytes()


def test_ids_and_metadata_of_the_users_own_docs_stay(model, tmp_path):
    """As spaCy's documentation keeps them: with `as_tuples`, on an attribute."""
    nlp = spacy.load(model)
    Doc.set_extension("source", default=None, force=True)
    docs = []
    pairs = [(record["text"], record) for record in RECORDS]
    for doc, record in nlp.pipe(pairs, as_tuples=True):
        doc.user_data["id"] = record["id"]
        doc._.source = record["meta"]["source"]
        docs.append(doc)
    path = save(tmp_path / "docs.spacy", docs)
    out = tmp_path / "out.jsonl"
    run("global-pointer", "export", path, out, "--format", "jsonl")
    assert [(r["id"], r["meta"]) for r in read_jsonl(out)] == [
        ("case/7", {"source": "web"}),
        ("12", {"source": "pdf"}),
    ]


def test_package(model, tmp_path):
    run("package", model, tmp_path, "--name", "toy", "--build", "none")
    [meta] = tmp_path.glob("*/meta.json")
    requirements = json.loads(meta.read_text("utf-8"))["requirements"]
    assert any(r.startswith("spacy-globalpointer>=") for r in requirements)


def test_evaluate_without_gold_under_the_key(model, tmp_path):
    nlp = spacy.blank("en")
    DocBin(docs=[nlp(TEXTS[0])]).to_disk(tmp_path / "bare.spacy")
    run("evaluate", model, tmp_path / "bare.spacy", "--output", tmp_path / "s.json")
    assert json.loads((tmp_path / "s.json").read_text("utf-8"))["spans_sc_f"] is None


#: More chunks than spaCy looks at for labels when it streams.
N_DOCS = 120
STREAMED = {
    "corpora.train.chunk_size": 6,
    "corpora.train.overlap": 2,
    "corpora.train.shuffle": True,
    "corpora.train.shuffle_buffer": 16,
    "training.max_epochs": -1,
    "training.max_steps": 20,
    "training.eval_frequency": 20,
}
LABELS = {"@readers": "spacy.read_labels.v1", "path": None, "require": True}


@pytest.fixture(scope="module")
def streamed(tmp_path_factory):
    """A corpus whose last document has a label of its own, a filled config, and the
    labels that `spacy init labels` collects."""
    folder = tmp_path_factory.mktemp("streaming")
    nlp = spacy.blank("en")
    rare = [*GOLD[:1], [(0, 3, "RARE"), *GOLD[1]]]
    docs = [e.reference for e in make_examples(nlp)[:2]] * (N_DOCS // 2)
    docs.append(make_examples(nlp, texts=TEXTS[:2], gold=rare)[1].reference)
    paths = {
        "paths.train": save(folder / "train.spacy", docs),
        "paths.dev": save(folder / "dev.spacy", docs[:2]),
    }
    (folder / "base.cfg").write_text(CONFIG, encoding="utf-8")
    run("init", "fill-config", folder / "base.cfg", folder / "config.cfg")
    options = [f"--{key}={value}" for key, value in paths.items()]
    run("init", "labels", folder / "config.cfg", folder / "labels", *options)
    return folder, {key: str(value) for key, value in paths.items()}


def test_a_streamed_corpus_trains(streamed):
    folder, paths = streamed
    path = folder / "labels" / "global_pointer.json"
    assert "RARE" in json.loads(path.read_text("utf-8"))
    config = load_config(folder / "config.cfg", {**paths, **STREAMED})
    labels = {**LABELS, "path": str(path)}
    config["initialize"]["components"]["global_pointer"] = {"labels": labels}
    nlp = init_nlp(config)
    assert "RARE" in nlp.get_pipe("global_pointer").labels
    nlp, _ = train(nlp)
    examples = make_examples(nlp, texts=TEXTS[:2], gold=GOLD[:2])
    assert nlp.evaluate(examples)["spans_sc_f"] > 0.5


def test_labels_that_come_late_need_the_file(streamed):
    folder, paths = streamed
    nlp = init_nlp(load_config(folder / "config.cfg", {**paths, **STREAMED}))
    with pytest.raises(ValueError, match="GP017.*RARE.*spacy init labels"):
        train(nlp)


def sourced(workplace, model, folder):
    """A config that trains the components of a pipeline on data with a new label."""
    gold = [[*GOLD[0], (10, 11, "NEW")], *GOLD[1:]]
    docs = [e.reference for e in make_examples(spacy.blank("en"), gold=gold)]
    path = str(save(folder / "new.spacy", docs))
    config = load_config(workplace / "config.cfg")
    config["paths"].update(train=path, dev=path)
    config["components"] = {
        name: {"source": str(model)} for name in ("tok2vec", "global_pointer")
    }
    return config


def test_a_new_label_is_added_before_training_from_a_pipeline(
    workplace, model, tmp_path
):
    with pytest.raises(ValueError, match=r"GP017.*'NEW'.*add_label"):
        train(init_nlp(sourced(workplace, model, tmp_path)))
    nlp = spacy.load(model)
    nlp.get_pipe("global_pointer").add_label("NEW")
    nlp.to_disk(tmp_path / "grown")
    nlp, _ = train(init_nlp(sourced(workplace, tmp_path / "grown", tmp_path)))
    assert (10, 11, "NEW") in found(nlp(TEXTS[0]))
    assert set(GOLD[0]) <= set(found(nlp(TEXTS[0])))
