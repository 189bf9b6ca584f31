"""The architecture behind spaCy's `transformer` component."""

from __future__ import annotations

import pickle
import re
import shutil
import warnings
from dataclasses import replace

import numpy
import pytest
import spacy
import srsly
import torch
from helpers import GOLD, TEXTS, build_transformer, fit, found, make_examples
from small_encoders import FAMILIES, make_bert, make_longformer
from spacy.language import Language
from spacy.tokens import Doc, Span
from thinc.api import Adam

from spacy_globalpointer.encoders.folders import load_encoder, save_encoder
from spacy_globalpointer.encoders.storage import encoder_from_bytes, encoder_to_bytes
from spacy_globalpointer.encoders.transformer_model import (
    build_transformer_model_v1,
    get_shim,
)

LISTENER = {
    "@architectures": "spacy-transformers.TransformerListener.v1",
    "pooling": {"@layers": "reduce_mean.v1"},
    "grad_factor": 1.0,
}
MODEL = "spacy-globalpointer.TransformerModel.v1"
LONG = " ".join([TEXTS[0]] * 12)


def build(folder, components=("global_pointer",), **settings) -> Language:
    nlp = spacy.blank("en")
    model = {"@architectures": MODEL, "name": str(folder), "context": 4, **settings}
    nlp.add_pipe("transformer", config={"model": model})
    for component in components:
        nlp.add_pipe(component)
    return nlp


def initialized(folder, **settings):
    nlp = build(folder, components=(), **settings)
    nlp.initialize()
    return nlp


def vectors(nlp, text):
    return nlp(text)._.trf_data.model_output.last_hidden_state


@pytest.fixture(scope="module")
def bert(tmp_path_factory):
    return make_bert(tmp_path_factory.mktemp("bert"))


@pytest.fixture(scope="module")
def longformer(tmp_path_factory):
    return make_longformer(tmp_path_factory.mktemp("longformer"))


@pytest.fixture(scope="module")
def trained(bert, tmp_path_factory):
    spacy.util.fix_random_seed(0)
    nlp = build(bert)
    fit(nlp, make_examples(nlp), steps=60)
    path = tmp_path_factory.mktemp("pipeline")
    nlp.to_disk(path)
    return path


def test_transformer_learns_and_reloads(trained):
    nlp = spacy.load(trained)
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        docs = list(nlp.pipe(TEXTS))
    assert [found(doc) for doc in docs] == GOLD


@pytest.mark.parametrize("family", sorted(FAMILIES))
def test_each_family_trains_and_loads_without_its_folder(family, tmp_path):
    folder = tmp_path / "encoder"
    folder.mkdir()
    FAMILIES[family](folder)
    nlp = build(folder)
    examples = make_examples(nlp)
    sgd = nlp.initialize(lambda: examples)
    before = get_shim(nlp.get_pipe("transformer").model).to_bytes()
    for _ in range(2):  # nlp.update lags behind by one step for a transformer
        nlp.update(examples, sgd=sgd)
    model = nlp.get_pipe("transformer").model
    assert get_shim(model).to_bytes() != before
    nlp.to_disk(tmp_path / "pipeline")
    shutil.rmtree(folder)
    again = spacy.load(tmp_path / "pipeline")
    for text in (*TEXTS, LONG):
        assert numpy.array_equal(
            *(x(text)._.trf_data.align.dataXd for x in (nlp, again))
        )
        if text:
            assert numpy.array_equal(vectors(nlp, text), vectors(again, text))
    assert again.get_pipe("transformer").model.to_bytes() == model.to_bytes()


def test_nothing_is_pickled(trained, monkeypatch):
    """Nor unpickled: neither would survive this."""
    nlp = spacy.load(trained)

    def fail(*args, **kwargs):
        raise AssertionError("pickle")

    for module, name in ((pickle, "Unpickler"), (pickle, "Pickler"), (torch, "load")):
        monkeypatch.setattr(module, name, fail)
    monkeypatch.setattr(torch, "save", fail)
    again = spacy.load(trained)
    assert again.to_bytes() == nlp.to_bytes()


def test_no_token_is_dropped_and_seams_are_seen_in_context(bert):
    nlp = initialized(bert, window=24, context=6)
    doc = nlp(LONG)
    data = doc._.trf_data
    assert len(data.align.lengths) == len(doc) and (data.align.lengths > 0).all()
    assert sorted(set(data.align.dataXd)) == list(
        range(len(data.wordpieces.strings[0]))
    )
    assert data.tensors[0].shape[1] > 3 * 24
    assert (abs(data.tensors[0][0]).sum(1) > 0).all()


def test_a_document_keeps_its_own_vectors_only(bert):
    nlp = initialized(bert)
    for doc in nlp.pipe(["a b c", "d e", "", LONG, "a\n\nb"]):
        if len(doc):
            array = doc._.trf_data.model_output.last_hidden_state
            own = array if array.base is None else array.base
            assert own.size == array.size


def test_tokens_without_pieces_have_zeros(bert):
    nlp = initialized(bert)
    for text, is_known in (
        ("ab \n\n c", [True, False, True]),
        ("\u200b", [False]),
        ("\x00\x01 \x02", [False, False]),
        ("a\x07b é", [True, True]),  # the last one is [UNK]
    ):
        doc = nlp(text)
        data = doc._.trf_data
        assert len(data.align.lengths) == len(doc) and (data.align.lengths > 0).all()
        rows_of = numpy.split(data.align.dataXd, data.align.lengths.cumsum())[:-1]
        rows = [data.tensors[0][0, own] for own in rows_of]
        assert [own.any() for own in rows] == is_known
    for pooling in ("reduce_mean.v1", "reduce_first.v1", "reduce_max.v1"):
        tok2vec = spacy.registry.resolve(
            {
                "m": {
                    "@architectures": "spacy-globalpointer.Tok2VecTransformer.v1",
                    "name": str(bert),
                    "pooling": {"@layers": pooling},
                }
            }
        )["m"]
        tok2vec.initialize()
        [out] = tok2vec.predict([nlp.make_doc("ab \n\n c")])
        assert (out[1] == 0).all() and out[0].any()


def test_token_of_100_000_characters_is_encoded(bert, tmp_path):
    nlp = initialized(bert)
    assert len(nlp("x" * 100_000)._.trf_data.wordpieces.strings[0]) == 1  # [UNK]
    roberta = tmp_path / "roberta"
    roberta.mkdir()
    nlp = initialized(FAMILIES["roberta"](roberta))
    doc = nlp.make_doc("y " + "x" * 2_000)
    doc = nlp(doc)
    assert list(doc._.trf_data.align.lengths) == [1, 2000]


@pytest.mark.parametrize("texts", [[], [""], ["", ""], ["", "a", ""]])
def test_empty_documents_are_predicted_and_trained(trained, texts):
    nlp = spacy.load(trained)
    docs = list(nlp.pipe(texts))
    assert [len(doc) for doc in docs] == [len(text) for text in texts]
    examples = make_examples(nlp, texts=texts, gold=[[] for _ in texts])
    nlp.update(examples, sgd=nlp.resume_training())


def test_settings_are_the_configs(trained):
    """What a trained pipeline stored does not undo a setting."""
    plain = spacy.load(trained)
    narrow = {"components.transformer.model.window": 24}
    other = spacy.load(trained, config=narrow)
    assert vectors(plain, TEXTS[0]).shape == vectors(other, TEXTS[0]).shape
    assert not numpy.allclose(vectors(plain, LONG), vectors(other, LONG), atol=1e-3)


def test_short_documents_have_the_vectors_of_spacy_transformers(bert):
    spans = {"@span_getters": "spacy-transformers.doc_spans.v1"}
    theirs = spacy.blank("en")
    model = {"@architectures": "spacy-transformers.TransformerModel.v3"}
    model |= {"name": str(bert), "get_spans": spans}
    theirs.add_pipe("transformer", config={"model": model})
    theirs.initialize()
    ours = initialized(bert, precision="fp32")
    for text in TEXTS[:2]:
        one, other = (nlp(text)._.trf_data for nlp in (ours, theirs))
        a, b = (x.model_output.last_hidden_state.reshape(-1, 32) for x in (one, other))
        rows = [x.dataXd.flatten() for x in (one.align, other.align)]
        assert numpy.array_equal(one.align.lengths, other.align.lengths)
        assert numpy.allclose(a[rows[0]], b[rows[1]], atol=1e-5)


def test_pipeline_of_spacy_transformers_is_loaded(bert, tmp_path):
    theirs = build_transformer(bert, window=32, stride=32)
    fit(theirs, make_examples(theirs), steps=60)
    theirs.to_disk(tmp_path / "theirs")
    expected = theirs(TEXTS[0])
    # The config's architecture is changed, and the pipeline loaded as it is.
    config = spacy.util.load_config(tmp_path / "theirs" / "config.cfg")
    config["components"]["transformer"]["model"] = {
        "@architectures": MODEL,
        "name": str(bert),
        "precision": "fp32",
    }
    config.to_disk(tmp_path / "theirs" / "config.cfg")
    ours = spacy.load(tmp_path / "theirs")
    assert found(ours(TEXTS[0])) == found(expected)
    one, other = (d.spans["sc"].attrs["scores"] for d in (ours(TEXTS[0]), expected))
    assert numpy.allclose(one, other, atol=1e-5)
    # Its folder is a source for a new pipeline.
    for source in (tmp_path / "theirs", tmp_path / "theirs" / "transformer"):
        new = initialized(source, precision="fp32")
        assert numpy.array_equal(vectors(new, TEXTS[0]), vectors(ours, TEXTS[0]))


def test_replace_listeners(trained, tmp_path):
    nlp = spacy.load(trained)
    expected = nlp(LONG)
    nlp.replace_listeners("transformer", "global_pointer", ["model.tok2vec"])
    nlp.remove_pipe("transformer")
    nlp.to_disk(tmp_path)
    again = spacy.load(tmp_path)
    doc = again(LONG)
    assert found(doc) == found(expected) and len(found(doc))
    scores = [d.spans["sc"].attrs["scores"] for d in (doc, expected)]
    assert numpy.array_equal(*scores)
    examples = make_examples(again)
    losses = [
        again.update(examples, sgd=again.resume_training())["global_pointer"]
        for _ in range(2)
    ]
    assert losses[1] < losses[0]


def test_a_frozen_transformer_annotates(bert):
    nlp = build(bert)
    examples = make_examples(nlp)
    sgd = nlp.initialize(lambda: examples)
    transformer = nlp.get_pipe("transformer")
    before = transformer.model.to_bytes()
    frozen = {"exclude": ["transformer"], "annotates": ["transformer"]}
    losses = [
        nlp.update(examples, sgd=sgd, **frozen)["global_pointer"] for _ in range(30)
    ]
    assert losses[-1] < losses[0] / 2
    assert transformer.model.to_bytes() == before


def test_checkpointing_is_exact_if_the_transformer_also_annotates(tmp_path):
    """Its prediction comes between the forward and the backward pass."""
    folder = make_bert(tmp_path / "bert", hidden_dropout_prob=0.3)

    def gradient(annotates):
        nlp = build(folder, checkpointing=True, precision="fp32")
        examples = make_examples(nlp)
        torch.manual_seed(0)
        nlp.initialize(lambda: examples)
        torch.manual_seed(0)
        nlp.update(examples, sgd=False, annotates=annotates)
        [shim] = nlp.get_pipe("transformer").model.layers[0].shims
        return shim.encoder.module.embeddings.word_embeddings.weight.grad

    plain, annotated = gradient([]), gradient(["transformer"])
    assert plain.any()
    assert torch.equal(plain, annotated)


def test_gradient_of_long_documents_reaches_the_encoder(bert):
    for checkpointing in (False, True):
        nlp = build(bert, window=24, checkpointing=checkpointing, max_pieces=48)
        examples = make_examples(nlp, texts=[LONG, TEXTS[1]], gold=[GOLD[0], GOLD[1]])
        losses = [fit(nlp, examples, steps=n)["global_pointer"] for n in (1, 40)]
        assert losses[1] < losses[0] / 2


def test_global_attention_is_saved_and_matters(longformer, tmp_path):
    rule = {"@misc": "spacy-globalpointer.global_attention.v1"}
    pattern = [[{"LOWER": "leith"}]]
    plain = initialized(longformer)
    results = [vectors(plain, LONG)]
    for settings in ({}, {"first": False, "patterns": pattern}):
        nlp = initialized(longformer, global_attention={**rule, **settings})
        nlp.to_disk(tmp_path)
        results.append(vectors(nlp, LONG))
        assert numpy.array_equal(vectors(spacy.load(tmp_path), LONG), results[-1])
    for i, one in enumerate(results):
        for other in results[:i]:
            assert not numpy.allclose(one, other, atol=1e-4)


def test_span_group_chooses_global_attention(longformer):
    rule = {"@misc": "spacy-globalpointer.global_attention.v1", "first": False}
    rule["spans_key"] = "question"
    nlp = initialized(longformer, global_attention=rule)
    docs = [nlp.make_doc(" ".join([TEXTS[0]] * 5)) for _ in range(2)]
    docs[1].spans["question"] = [Span(docs[1], 0, 3)]
    one, other = (doc._.trf_data.tensors[0] for doc in nlp.pipe(docs))
    assert not numpy.allclose(one, other, atol=1e-4)
    last = numpy.abs(one - other)[0, -1].max()
    assert last > 1e-5  # far beyond the attention window


def error_of(code, folder, **settings):
    with pytest.raises(ValueError, match=code) as error:
        initialized(folder, **settings)
    return str(error.value)


def test_missing_encoder_is_an_error(tmp_path):
    assert "no/such" in error_of("GP033", "no/such encoder")
    message = error_of("GP033", tmp_path)
    assert "the folder holds nothing" in message and len(message) < 500


def test_folder_without_tokenizer_is_an_error(tmp_path):
    make_bert(tmp_path)
    for path in tmp_path.iterdir():
        if path.name not in ("config.json", "model.safetensors"):
            path.unlink()
    error_of("GP033", tmp_path)


def test_folder_without_weights_is_an_error(tmp_path):
    (make_bert(tmp_path) / "model.safetensors").unlink()
    error_of("GP033.*config.json", tmp_path)


def test_slow_tokenizer_is_an_error(bert):
    error_of("GP034.*BertTokenizer", bert, tokenizer_config={"use_fast": False})


def test_decoder_is_an_error(tmp_path):
    from transformers import GPT2Config, GPT2Model, T5Config, T5Model

    for config, make in ((GPT2Config, GPT2Model), (T5Config, T5Model)):
        small = {"n_layer": 1, "n_head": 2, "n_embd": 8, "vocab_size": 20}
        if config is T5Config:
            small = {"d_model": 8, "d_ff": 8, "num_layers": 1, "vocab_size": 20}
        make(config(**small)).save_pretrained(tmp_path / config.__name__)
        error_of("GP035", tmp_path / config.__name__)


def test_positions_limit_the_window_if_the_tokenizer_does_not(tmp_path):
    """RoBERTa's tokenizer says nothing; the positions count."""
    folder = FAMILIES["roberta"](tmp_path)
    nlp = initialized(folder)
    assert get_shim(nlp.get_pipe("transformer").model).encoder.max_window == 64
    assert vectors(nlp, LONG).shape[1] > 400


def test_unknown_maximum_length_is_an_error(bert):
    nlp = initialized(bert)
    model = nlp.get_pipe("transformer").model
    get_shim(model).encoder.max_window = 0
    with pytest.raises(ValueError, match="GP036"):
        nlp("a")
    model.attrs["settings"] = replace(model.attrs["settings"], window=20)
    assert vectors(nlp, LONG).shape[1] > 400


@pytest.mark.parametrize("window,context", [(10, 4), (65, 4), (20, -1), (64, 31)])
def test_invalid_windows_are_an_error(bert, window, context):
    lowest = 2 * max(0, context) + 3
    error_of(f"GP032.*from {lowest} .*to 64", bert, window=window, context=context)


@pytest.mark.parametrize("name", ["window", "max_pieces"])
@pytest.mark.parametrize("number", [0, -3, 1.5, True, "16"])
def test_invalid_numbers_are_an_error(bert, name, number):
    error_of(f"GP012.*{name} is {number!r}", bert, **{name: number})


@pytest.mark.parametrize(
    "code,settings",
    [
        ("GP063", {"context": 1.5}),
        ("GP063", {"context": True}),
        ("GP063", {"checkpointing": "yes"}),
        ("GP063", {"frozen_layers": 1.5}),
        ("GP063", {"frozen_layers": -1}),
        ("GP063", {"tokenizer_config": ["use_fast"]}),
        ("GP063", {"transformer_config": "a"}),
        ("GP063", {"name": ""}),
        ("GP063", {"name": 5}),
        ("GP045", {"layer_decay": "0.9"}),
        ("GP045", {"layer_decay": True}),
        ("GP045", {"layer_decay": float("nan")}),
        ("GP030", {"precision": None}),
        ("GP030", {"precision": ["fp32"]}),
    ],
)
def test_settings_of_the_wrong_type_are_named(code, settings):
    [(name, value)] = settings.items()
    with pytest.raises(ValueError, match=f"{code}.*{name} is {re.escape(repr(value))}"):
        build_transformer_model_v1(**{"name": "encoder", **settings})


def test_added_tokens_are_kept(bert, tmp_path):
    encoder = load_encoder(str(bert))
    encoder.tokenizer.add_tokens(["leith"])
    encoder.module.resize_token_embeddings(len(encoder.tokenizer))
    save_encoder(encoder, tmp_path / "more")
    nlp = initialized(tmp_path / "more")
    nlp.to_disk(tmp_path / "pipeline")
    shutil.rmtree(tmp_path / "more")
    again = spacy.load(tmp_path / "pipeline")
    for pipeline in (nlp, again):
        data = pipeline("of leith .")._.trf_data
        assert data.wordpieces.strings == [["o", "##f", "leith", "."]]
    assert numpy.array_equal(vectors(nlp, LONG), vectors(again, LONG))


def test_unknown_precision_is_an_error(bert):
    error_of("GP030.*fp8", bert, precision="fp8")
    error_of("GP031.*cpu", bert, precision="fp16")


def test_global_attention_needs_a_sparse_encoder(bert):
    rule = {"@misc": "spacy-globalpointer.global_attention.v1"}
    error_of("GP040.*bert", bert, global_attention=rule)


@pytest.mark.parametrize(
    "settings",
    [
        {"first": False},
        {"patterns": [[{"NO": 1}]]},
        {"patterns": [[{"POS": "NOUN"}]]},  # known after the transformer at best
    ],
)
def test_invalid_rules_are_an_error(bert, settings):
    rule = {"@misc": "spacy-globalpointer.global_attention.v1", **settings}
    error_of("GP037", bert, global_attention=rule)


def test_prediction_before_initialization_is_an_error(bert):
    nlp = build(bert, components=())
    with pytest.raises(ValueError, match="GP039"):
        nlp("a")


def test_stored_encoders_are_checked_as_those_in_folders(bert, tmp_path):
    encoder = load_encoder(str(bert))
    data = srsly.msgpack_loads(encoder_to_bytes(encoder))
    del data["digest"]  # as in what was stored before there were digests
    config = srsly.json_loads(data["files"]["config.json"])
    decoder = srsly.json_dumps({**config, "model_type": "gpt2"}).encode()
    other = {**data, "files": {**data["files"], "config.json": decoder}}
    with pytest.raises(ValueError, match="GP035.*gpt2"):
        encoder_from_bytes(srsly.msgpack_dumps(other))
    slow = {k: v for k, v in data["files"].items() if k != "tokenizer.json"}
    with pytest.raises(ValueError, match="GP03[48]"):
        tokenizer = b'{"tokenizer_class": "BertJapaneseTokenizer"}'
        other = {**data, "files": {**slow, "tokenizer_config.json": tokenizer}}
        encoder_from_bytes(srsly.msgpack_dumps(other))


def test_config_with_return_dict_false_is_accepted(bert, tmp_path):
    folder = tmp_path / "tuples"
    shutil.copytree(bert, folder)
    config = srsly.read_json(folder / "config.json")
    srsly.write_json(folder / "config.json", {**config, "return_dict": False})
    nlp = initialized(folder)
    assert nlp("a")._.trf_data.tensors[0].shape == (1, 1, 32)
    nlp.to_disk(tmp_path / "p")
    assert spacy.load(tmp_path / "p")("a")._.trf_data.tensors[0].shape == (1, 1, 32)


def test_vocabulary_with_gaps_is_accepted(tmp_path):
    make_bert(tmp_path)
    pieces = (tmp_path / "vocab.txt").read_text(encoding="utf-8").split("\n")
    (tmp_path / "tokenizer.json").unlink()
    pieces[10:14] = ["same"] * 4
    (tmp_path / "vocab.txt").write_text("\n".join(pieces), encoding="utf-8")
    nlp = initialized(tmp_path)
    assert nlp("~ az")._.trf_data.wordpieces.strings == [["~", "a", "##z"]]


def test_each_copy_of_the_transformer_has_its_own_averages(bert):
    """Two components, each with a copy of the transformer, and an optimizer that
    averages: each copy has its own average."""
    nlp = build(bert)
    nlp.add_pipe("tagger", config={"model": {"tok2vec": LISTENER}})
    examples = make_examples(nlp)
    for example in examples:
        for token in example.reference:
            token.tag_ = "X" if token.is_alpha else "Y"
    nlp.initialize(lambda: examples)
    for name in ("global_pointer", "tagger"):
        nlp.replace_listeners("transformer", name, ["model.tok2vec"])
    nlp.remove_pipe("transformer")
    sgd = Adam(0.001, use_averages=True)
    for _ in range(3):
        nlp.update(examples, sgd=sgd)
    shims = [
        next(n for n in nlp.get_pipe(name).model.walk() if n.name == "encoder").shims[0]
        for name in ("global_pointer", "tagger")
    ]
    assert shims[0].id != shims[1].id
    with nlp.use_params(sgd.averages):
        one, other = (next(shim._model.parameters()) for shim in shims)
        assert not torch.equal(one, other)


def test_damaged_file_is_an_error(trained, tmp_path):
    shutil.copytree(trained, tmp_path / "p")
    path = tmp_path / "p" / "transformer" / "model"
    data = bytearray(path.read_bytes())
    at = data.index(b"weights") + 20
    data[at : at + 40] = bytes(40)
    path.write_bytes(data)
    with pytest.raises(ValueError, match="GP038"):
        spacy.load(tmp_path / "p")


def test_batches_do_not_change_a_document(bert):
    """But for the last bits: a product's order depends on its shape."""
    nlp = initialized(bert, window=24)
    texts = [LONG, *TEXTS, "a", "b c"]
    alone = [nlp(text)._.trf_data for text in texts]
    for one, doc in zip(alone, nlp.pipe(texts)):
        other = doc._.trf_data
        assert len(one.tensors) == len(other.tensors) == bool(len(doc))
        assert all(
            numpy.allclose(a, b, atol=1e-5) for a, b in zip(one.tensors, other.tensors)
        )


def test_vectors_survive_the_bytes_of_a_doc(bert):
    nlp = initialized(bert)
    doc = nlp("a b\nc")
    again = Doc(nlp.vocab).from_bytes(doc.to_bytes())
    assert numpy.array_equal(again._.trf_data.tensors[0], doc._.trf_data.tensors[0])
