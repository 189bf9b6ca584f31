from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest
import spacy
from hypothesis import given
from hypothesis import strategies as st
from small_encoders import (
    make_albert,
    make_bert,
    make_chinese_bert,
    make_electra,
    make_longformer,
    make_roberta,
)
from spacy.cli.debug_config import debug_config
from spacy.cli.init_config import fill_config
from spacy.tokens import DocBin
from spacy.training.initialize import init_nlp
from spacy.training.loop import train
from thinc.api import Config

from spacy_globalpointer.encoders.folders import load_encoder, save_encoder
from spacy_globalpointer.encoders.lengthen import lengthen
from spacy_globalpointer.recipes.make import (
    base_config,
    make_config,
    recipes,
    set_values,
)

CONFIGS = Path(__file__).parent.parent.parent / "configs"


def lengthened(folder):
    make_bert(folder / "bert")
    longer = lengthen(
        load_encoder(str(folder / "bert")), positions=128, attention_window=16
    )
    save_encoder(longer, folder / "longer")
    return folder / "longer"


#: A small encoder of the family of each recipe.
FAMILIES = {
    "default": make_bert,
    "bert-en": make_bert,
    "bert-zh": make_chinese_bert,
    "macbert-zh": make_chinese_bert,
    "roberta-en": make_roberta,
    "roberta-zh": make_chinese_bert,
    "electra-small-en": lambda folder: make_electra(folder, embedding_size=16),
    "electra-small-zh": lambda folder: make_electra(folder, embedding_size=16),
    "electra-base-en": make_electra,
    "electra-base-zh": make_electra,
    "albert-en": make_albert,
    "tiny-en": make_bert,
    "tiny-zh": make_chinese_bert,
    "longformer-en": make_longformer,
    "lengthened": lengthened,
    "multilingual": make_roberta,
    "multilingual-small": make_bert,
}


def test_configs_are_those_of_the_recipes():
    """`python scripts/make_configs.py` writes them."""
    spec = importlib.util.spec_from_file_location(
        "make_configs", CONFIGS.parent / "scripts" / "make_configs.py"
    )
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    found = {path.name: path.read_text("utf-8") for path in CONFIGS.glob("*.cfg")}
    assert found == module.config_files()


@pytest.mark.parametrize("gpu", [False, True], ids=["cpu", "gpu"])
@pytest.mark.parametrize("recipe", recipes())
def test_spacy_accepts_every_config(recipe, gpu, tmp_path, capsys):
    path = tmp_path / "config.cfg"
    path.write_text(make_config(recipe, gpu=gpu), encoding="utf-8")
    _, filled = fill_config(tmp_path / "filled.cfg", path)
    debug_config(
        tmp_path / "filled.cfg",
        overrides={"paths.train": "train.spacy", "paths.dev": "dev.spacy"},
    )
    assert filled["components"]["global_pointer"]["temperature"] == 1.0


def test_recipe_repeats_no_value_of_the_base():
    for recipe in recipes().values():
        base = Config().from_str(base_config(recipe.name), interpolate=False)
        for place, value in recipe.values.items():
            found = base
            for key in place.split("."):
                found = found[key]
            assert found != value, (recipe.name, place)


def save_corpus(lang, path):
    text, spans = "Anne Bell left the Bank of Leith.", [(0, 9), (19, 32)]
    if lang == "zh":
        text, spans = "患者因咳嗽三天入院，诊断为肺炎。", [(3, 5), (13, 15)]
    doc = spacy.blank(lang)(text)
    doc.spans["sc"] = [doc.char_span(*span, label="X") for span in spans]
    DocBin(docs=[doc, doc]).to_disk(path)
    return text


@pytest.mark.parametrize("recipe", FAMILIES)
@pytest.mark.filterwarnings("ignore:.*GPW004")
def test_every_family_trains_and_is_the_same_after_loading(recipe, tmp_path):
    folder = tmp_path / "encoder"
    folder.mkdir()
    text = make_config(recipe, encoder=str(FAMILIES[recipe](folder)))
    windows = {
        "components.transformer.model.window": None,
        "components.transformer.model.context": 4,
    }
    check_training(text, windows, tmp_path)


def test_a_pipeline_on_tok2vec_trains_and_is_the_same_after_loading(tmp_path):
    check_training(make_config("tok2vec", lang="en"), {}, tmp_path)


def check_training(config, settings, folder):
    corpus, output = folder / "docs.spacy", folder / "out"
    output.mkdir()
    lang = Config().from_str(config, interpolate=False)["nlp"]["lang"]
    text = save_corpus(lang, corpus)
    settings = {
        **settings,
        "paths.train": str(corpus),
        "paths.dev": str(corpus),
        "components.global_pointer.threshold": 0.0,
        "components.global_pointer.max_spans_per_doc": 30,
        "training.max_steps": 2,
        "training.eval_frequency": 2,
        "training.optimizer.learn_rate.warmup_steps": 1,
    }
    nlp = init_nlp(Config().from_str(config, overrides=settings))
    before = weights(nlp)
    train(nlp, output)
    after = weights(nlp)
    assert any((before[name] != after[name]).any() for name in before)
    loaded = spacy.load(output / "model-last")
    found, expected = (spans_of(pipeline(text)) for pipeline in (loaded, nlp))
    assert found == expected != []


def spans_of(doc):
    group = doc.spans["sc"]
    places = [(span.start, span.end, span.label_) for span in group]
    return list(zip(places, group.attrs["scores"].tolist()))


def weights(nlp):
    """Of the encoder."""
    model = nlp.get_pipe(nlp.pipe_names[0]).model
    if nlp.pipe_names[0] == "tok2vec":
        nodes = enumerate(model.walk())
        return {
            (i, name): node.get_param(name).copy()
            for i, node in nodes
            for name in node.param_names
        }
    module = model.layers[0].shims[0]._model
    return {name: x.detach().clone() for name, x in module.named_parameters()}


def test_language_and_encoder_may_be_given():
    config = Config().from_str(make_config("bert-en", lang="de", encoder="a b"))
    assert config["nlp"]["lang"] == "de"
    assert config["components"]["transformer"]["model"]["name"] == "a b"


def test_comment_at_the_top_states_the_command():
    head = make_config("bert-en", gpu=True, encoder="a b").split("\n\n")[0]
    assert "`spacy global-pointer config bert-en --gpu --encoder 'a b'`" in head


def test_encoder_for_a_recipe_without_one_raises_GP230():
    with pytest.raises(ValueError, match="GP230.*'tok2vec'.*'encoders/mine'"):
        make_config("tok2vec", encoder="encoders/mine")


def test_unknown_recipe_is_an_error():
    with pytest.raises(ValueError, match="GP228.*'bert'.*bert-en"):
        make_config("bert")


def test_values_are_set_in_place_and_comments_are_kept():
    config = "[a]\n# what x is\nx = 1\n\n[a.b]\nx = null\ny = ${a.x}\n"
    changed = set_values(config, {"a.b.x": "é", "a.x": 2.5})
    assert changed == config.replace("x = 1", "x = 2.5").replace("null", '"é"')


def test_setting_without_a_line_raises_KeyError():
    with pytest.raises(KeyError, match="a.z"):
        set_values("[a]\nx = 1\n", {"a.z": 1})


@pytest.mark.parametrize(
    "value",
    [
        *("x\n[training]\nmax_steps = 1", "x\r[a]", "x\x1b[2J", "x\x00", "x\u2028[a]"),
        *("${paths.train}", "C$", "x\x85", "\udcff", "x\x7f"),
    ],
)
@pytest.mark.parametrize("option", ["lang", "encoder"])
def test_value_that_a_config_cannot_hold_is_an_error(option, value):
    with pytest.raises(ValueError, match=f"GP241.*--{option}"):
        make_config("default", **{option: value})


@pytest.mark.parametrize(
    "value",
    [
        *('x"y', "x'y", "x\\y", "[training]", "x # y", "x; y", "`x`", "$(x)"[1:]),
        *("%(x)s", "人/é", "5", "null", "true", " x ", "{x}", "x = y", "x: y"),
    ],
)
def test_config_returns_exactly_the_encoder(value):
    text = make_config("default", encoder=value)
    config = Config().from_str(text)
    assert config["paths"]["encoder"] == value
    expected = Config().from_str(make_config("default", encoder="mine"))
    expected["paths"]["encoder"] = config["paths"]["encoder"]
    assert {**config, "components": None} == {**expected, "components": None}
    assert config["components"]["transformer"]["model"]["name"] == value


@given(value=st.text(min_size=1, max_size=10))
def test_any_encoder_is_returned_or_refused(value):
    try:
        text = make_config("default", encoder=value)
    except ValueError as error:
        assert "GP241" in str(error)
        return
    assert Config().from_str(text)["paths"]["encoder"] == value
