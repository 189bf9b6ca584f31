"""The encoder that is trained from scratch, and the config that goes with it."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
import spacy
from spacy.tokens import Doc, DocBin
from spacy.training import Example
from thinc.api import Config
from transformers import AutoTokenizer

PROJECT = Path(__file__).parent.parent
sys.path.insert(0, str(PROJECT / "scripts"))

from configure_chinese import configure  # noqa: E402
from make_encoder import make_encoder, make_vocabulary, read_texts  # noqa: E402

TEXTS = ["主诉：咳嗽3天，T 38.5℃。"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("made") / "encoder"
    make_encoder(folder, TEXTS, layers=1, width=64)
    return folder


def pieces(folder: Path, text: str) -> list[str]:
    return AutoTokenizer.from_pretrained(folder).tokenize(text)


def places(doc: Doc) -> list[tuple[int, int, str]]:
    return [(span.start, span.end, span.label_) for span in doc.spans["sc"]]


def test_each_character_is_a_piece(folder):
    expected = ["咳", "嗽", "3", "天", "，", "3", "##8", ".", "5", "##℃", "C", "##T"]
    assert pieces(folder, "咳嗽3天，38.5℃ CT") == expected


def test_a_character_that_no_text_has_is_unknown(folder):
    assert pieces(folder, "咳癌嗽") == ["咳", "[UNK]", "嗽"]


def test_chinese_characters_and_punctuation_never_continue_a_word():
    vocabulary = make_vocabulary(TEXTS)
    assert {"##C", "##℃", "##9"} <= set(vocabulary)
    assert not {"##咳", "##，", "##/", "##："} & set(vocabulary)
    assert len(vocabulary) == len(set(vocabulary))


def test_the_same_seed_gives_the_same_encoder(folder, tmp_path):
    for name, seed in (("same", 0), ("other", 1)):
        make_encoder(tmp_path / name, TEXTS, layers=1, width=64, seed=seed)
    weights = (folder / "model.safetensors").read_bytes()
    assert (tmp_path / "same" / "model.safetensors").read_bytes() == weights
    assert (tmp_path / "other" / "model.safetensors").read_bytes() != weights


def test_an_older_encoder_is_replaced(tmp_path):
    for width in (64, 128):
        make_encoder(tmp_path / "encoder", TEXTS, layers=1, width=width)
    config = json.loads((tmp_path / "encoder" / "config.json").read_text())
    assert config["hidden_size"] == 128
    assert [path.name for path in tmp_path.iterdir()] == ["encoder"]


def test_texts_of_converted_documents(tmp_path):
    docs = [spacy.blank("zh").make_doc(text) for text in (*TEXTS, "b")]
    DocBin(docs=docs).to_disk(tmp_path / "train.spacy")
    assert read_texts(tmp_path / "train.spacy") == [*TEXTS, "b"]


def test_no_texts_are_refused(tmp_path):
    DocBin().to_disk(tmp_path / "train.spacy")
    for name in ("train.spacy", "dev.spacy"):
        with pytest.raises(SystemExit, match=f"{name} has no texts"):
            read_texts(tmp_path / name)


def test_a_pipeline_learns_with_it_and_is_the_same_once_saved(folder, tmp_path):
    nlp = spacy.blank("zh")
    model = {
        "@architectures": "spacy-globalpointer.TransformerModel.v1",
        "name": str(folder),
    }
    nlp.add_pipe("transformer", config={"model": model})
    nlp.add_pipe("global_pointer", config={"overlap": "nested", "threshold": 0.01})
    gold = {"spans": {"sc": [(3, 5, "sym")]}}
    example = Example.from_dict(nlp.make_doc(TEXTS[0]), gold)
    optimizer = nlp.initialize(lambda: [example])
    optimizer.learn_rate = 1e-2
    losses = []
    for _ in range(8):
        losses.append(nlp.update([example], sgd=optimizer)["global_pointer"])
    assert losses[-1] < losses[0]
    nlp.to_disk(tmp_path / "pipeline")
    loaded = spacy.load(tmp_path / "pipeline")
    one, other = nlp(TEXTS[0]), loaded(TEXTS[0])
    assert len(one.spans["sc"])
    assert places(one) == places(other)
    scores = [list(doc.spans["sc"].attrs["scores"]) for doc in (one, other)]
    assert scores[0] == pytest.approx(scores[1])


@pytest.mark.parametrize(
    "recipe,encoder",
    [("scratch", "encoders/x"), ("macbert-zh", "hfl/chinese-macbert-base")],
)
def test_the_config_is_the_recipes(recipe, encoder, tmp_path):
    configure(recipe, "encoders/x", tmp_path / "made" / "config.cfg")
    made = Config().from_disk(tmp_path / "made" / "config.cfg", interpolate=False)
    assert made["paths"]["encoder"] == encoder
    assert made["nlp"]["lang"] == "zh"


def test_a_recipe_for_english_is_refused(tmp_path):
    with pytest.raises(SystemExit, match="bert-en is not for Chinese"):
        configure("bert-en", "encoders/x", tmp_path / "config.cfg")


def test_a_pretrained_encoder_learns_more_slowly_and_its_head_at_the_same_rate(
    tmp_path,
):
    rates = {}
    for encoder in ("scratch", "macbert-zh"):
        configure(encoder, "encoders/x", tmp_path / "config.cfg")
        config = Config().from_disk(tmp_path / "config.cfg")
        rate = config["training"]["optimizer"]["learn_rate"]["initial_rate"]
        scale = config["components"]["global_pointer"]["model"]["learn_rate_scale"]
        rates[encoder] = rate, rate * scale
    scratch, pretrained = rates.values()
    assert pretrained[0] < scratch[0] / 10
    assert pretrained[1] == pytest.approx(scratch[1])
