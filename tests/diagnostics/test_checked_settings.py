"""Settings that are read from a config."""

from __future__ import annotations

from pathlib import Path

import pytest
import spacy
from helpers import TOK2VEC
from spacy.training import Example
from spacy.util import load_config

from spacy_globalpointer.diagnostics.checked_settings import (
    CheckedSettings,
    EncoderSettings,
    read_language,
    read_settings,
)

DEFAULT = Path(__file__).parent.parent.parent / "configs" / "default.cfg"
OURS = "spacy-globalpointer.TransformerModel.v1"
MEMORY = "spacy-globalpointer.ExternalMemory.v1"


@pytest.fixture
def write(tmp_path):
    """Writes the default config with other values, which may be whole sections."""

    def write_config(changes=(), name="train.cfg"):
        config = load_config(DEFAULT)
        for key, value in dict(changes).items():
            *sections, last = key.split(".")
            place = config
            for section in sections:
                place = place.setdefault(section, {})
            place[last] = value
        config.to_disk(tmp_path / name)
        return tmp_path / name

    return write_config


def build_pipeline(folder, encoder):
    nlp = spacy.blank("en")
    model = {"@architectures": OURS, "name": str(encoder), "window": 40, "context": 2}
    nlp.add_pipe("transformer", config={"model": model})
    nlp.add_pipe("global_pointer", name="spans", config={"overlap": "flat"})
    nlp.tokenizer.add_special_case("Mr.Hyde", [{"ORTH": "Mr."}, {"ORTH": "Hyde"}])
    nlp.get_pipe("spans").add_label("X")
    doc = nlp.make_doc("a")
    doc.spans["sc"] = []
    nlp.initialize(lambda: [Example(nlp.make_doc("a"), doc)])
    nlp.to_disk(folder)
    return folder


def test_settings_of_the_default_config_are_read():
    """Its paths are null, and what is left out in it has its default."""
    assert read_settings(DEFAULT) == CheckedSettings(
        overlap="nested",
        chunk_size=128,
        encoder=EncoderSettings("encoders/minilm", window=160),
    )


def test_missing_settings_of_a_config_have_their_defaults(write):
    sections = {"components": {"global_pointer": {"factory": "global_pointer"}}}
    path = write({**sections, "nlp.pipeline": ["global_pointer"], "corpora": {}})
    assert read_settings(path) == CheckedSettings()


def test_other_values_are_read(write):
    path = write(
        {
            "components.global_pointer.spans_key": "other",
            "components.global_pointer.max_span_length": 7,
            "paths.encoder": "some",
            "components.transformer.model.tokenizer_config": {"do_lower_case": False},
            "corpora.train.@readers": "spacy.Corpus.v1",
        }
    )
    encoder = EncoderSettings(
        "some", window=160, tokenizer_config={"do_lower_case": False}
    )
    assert read_settings(path) == CheckedSettings(
        "other", max_span_length=7, overlap="nested", encoder=encoder
    )


def test_the_training_corpus_has_any_name(write):
    reader = load_config(DEFAULT)["corpora"]["train"]
    changes = {"training.train_corpus": "corpora.mine", "corpora.train": {}}
    path = write({**changes, "corpora.mine": {**reader, "chunk_size": 9}})
    assert read_settings(path).chunk_size == 9


@pytest.mark.parametrize("value", [None, ""])
def test_no_encoder_is_named(write, value):
    assert read_settings(write({"paths.encoder": value})).encoder is None


def test_no_transformer_is_listened_to(write):
    settings = read_settings(
        write({"components.global_pointer.model.tok2vec": TOK2VEC})
    )
    assert settings.encoder is None
    assert settings.has_tok2vec


def test_listener_to_a_tok2vec_is_found():
    assert read_settings(DEFAULT.with_name("tok2vec.cfg")).has_tok2vec
    assert not read_settings(DEFAULT).has_tok2vec


def test_the_component_has_an_encoder_of_its_own(write):
    own = {
        "@architectures": "spacy-globalpointer.Tok2VecTransformer.v1",
        "name": "own",
        "window": 99,
        "pooling": {"@layers": "reduce_mean.v1"},
    }
    path = write({"components.global_pointer.model.tok2vec": own})
    assert read_settings(path).encoder == EncoderSettings("own", window=99)


def test_encoder_inside_a_memory_is_found(write):
    listener = {"@architectures": "spacy-transformers.TransformerListener.v1"}
    for inner, encoder in ((listener, "encoders/minilm"), (TOK2VEC, None)):
        memory = {"@architectures": MEMORY, "tok2vec": inner}
        settings = read_settings(
            write({"components.global_pointer.model.tok2vec": memory})
        )
        assert (settings.encoder and settings.encoder.name) == encoder
        assert settings.has_tok2vec == (encoder is None)


def test_transformer_that_is_listened_to_is_found(write):
    changes = {"components.global_pointer.model.tok2vec.upstream": "second"}
    model = {"@architectures": OURS, "name": "second"}
    changes["components.second"] = {"factory": "transformer", "model": model}
    changes["nlp.pipeline"] = ["transformer", "second", "global_pointer"]
    assert read_settings(write(changes)).encoder == EncoderSettings("second")


def test_windows_of_another_architecture_are_unknown(write):
    model = {"@architectures": "spacy-transformers.TransformerModel.v3", "name": "x"}
    encoder = read_settings(write({"components.transformer.model": model})).encoder
    assert encoder == EncoderSettings("x", context=0, has_windows=False)


@pytest.mark.parametrize(
    "loss,expected",
    [
        (None, None),
        ({}, None),
        ({"label_weights": {"VEH": 3.0}}, None),
        ({"label_weights": "inverse"}, "inverse"),
        ({"@losses": "mine.v1", "label_weights": "inverse"}, None),
    ],
)
def test_weights_by_number_are_read(write, loss, expected):
    path = write({"components.global_pointer.loss": loss})
    assert read_settings(path).weights_by_number == expected


def test_named_labels_are_read(write):
    weights = {"components.global_pointer.loss.label_weights": {"VEH": 3.0}}
    path = write({**weights, "components.global_pointer.thresholds": {"ORG": 0.3}})
    named = {"thresholds": ["ORG"], "label_weights": ["VEH"]}
    assert read_settings(path).named_labels == named
    assert read_settings(DEFAULT).named_labels == {}


def test_one_of_several_components_must_be_named(write):
    second = {"factory": "global_pointer", "overlap": "flat"}
    path = write(
        {
            "components.second": second,
            "nlp.pipeline": ["transformer", "global_pointer", "second"],
        }
    )
    assert read_settings(path, "second").overlap == "flat"
    assert read_settings(path, "global_pointer").overlap == "nested"
    with pytest.raises(ValueError, match="GP156.*not set.*global_pointer, second"):
        read_settings(path)
    with pytest.raises(ValueError, match="GP156.*'transformer'"):
        read_settings(path, "transformer")


def test_config_without_the_component_is_an_error(write):
    with pytest.raises(ValueError, match="GP156.*: none"):
        read_settings(write({"nlp.pipeline": ["transformer"]}))


@pytest.mark.parametrize(
    "changes,code",
    [
        ({"components.global_pointer.overlap": "some"}, "GP011"),
        ({"components.global_pointer.max_span_length": 0}, "GP012"),
        ({"components.global_pointer.loss.label_weights": "some"}, "GP226"),
        ({"components.global_pointer.overlap": None}, "GP011"),
        ({"components.global_pointer.max_span_length": 1.5}, "GP012"),
        ({"components.global_pointer.max_span_length": True}, "GP012"),
        ({"components.global_pointer.spans_key": 5}, "GP063.*spans_key is 5"),
        ({"components.global_pointer.spans_key": ""}, "GP063.*spans_key"),
        ({"components.global_pointer.thresholds": [0.5]}, "GP063.*thresholds"),
        ({"components.global_pointer.thresholds": {"A": True}}, "GP010"),
        ({"corpora.train.chunk_size": "many"}, "GP117.*'many'"),
        ({"corpora.train.chunk_size": 1.5}, "GP117"),
    ],
)
def test_invalid_values_are_an_error(write, changes, code):
    with pytest.raises(ValueError, match=code):
        read_settings(write(changes))


@pytest.mark.parametrize(
    "text", [b"junk", b"[a]\nx = ${b.c}\n", b"[a]\nx = 1\n[a]\n", b"\xff[a]\n"]
)
def test_invalid_config_is_an_error(tmp_path, text):
    (tmp_path / "x.cfg").write_bytes(text)
    with pytest.raises(ValueError, match="GP155"):
        read_settings(tmp_path / "x.cfg")


def test_settings_of_a_trained_pipeline_are_read(tmp_path, bert_folder, write):
    folder = build_pipeline(tmp_path / "pipeline", bert_folder)
    stored = EncoderSettings(str(folder / "transformer"), window=40, context=2)
    expected = CheckedSettings(overlap="flat", encoder=stored)
    assert read_settings(folder) == read_settings(folder / "config.cfg") == expected

    def words(path):
        return [token.text for token in read_language(path)("Mr.Hyde")]

    assert words(folder) == ["Mr.", "Hyde"]  # its tokenizer, too
    assert read_language(folder).pipe_names == []
    source = {"source": str(folder)}
    changes = {
        "nlp.pipeline": ["transformer", "mine"],
        "components.transformer": source,
    }
    config = load_config(folder / "config.cfg")
    config["components"]["spans"]["loss"]["label_weights"] = "inverse"
    config.to_disk(folder / "config.cfg")
    assert read_settings(folder).weights_by_number == "inverse"
    path = write({**changes, "components.mine": {**source, "component": "spans"}})
    settings = read_settings(path)
    assert settings.weights_by_number is None  # it keeps the weights it has
    assert (settings.overlap, settings.chunk_size) == ("flat", 128)
    assert settings.encoder == stored


def test_components_of_missing_pipelines_are_reported(write):
    path = write({"components.transformer": {"source": "not_there"}})
    assert read_settings(path).encoder is None
    path = write({"components.global_pointer": {"source": "not_there"}})
    with pytest.raises(ValueError, match="GP157.*'not_there'"):
        read_settings(path, "global_pointer")
    with pytest.raises(ValueError, match="GP156"):
        read_settings(path)


def test_language_of_a_config_is_read(write):
    assert read_language(DEFAULT).lang == "en"
    chinese = read_language(write({"nlp.lang": "zh"}))
    assert [token.text for token in chinese("北京")] == ["北", "京"]
    tokenizer = {"@tokenizers": "spacy.zh.ChineseTokenizer", "segmenter": "char"}
    changes = {"nlp.lang": "zh", "nlp.tokenizer": tokenizer, "nlp.disabled": ["x"]}
    assert read_language(write(changes)).pipe_names == []
