from __future__ import annotations

import gc
import json
import threading
import weakref
from concurrent.futures import ThreadPoolExecutor

import numpy
import pytest
import spacy
import torch
from helpers import GOLD, TEXTS, TOK2VEC, build, fit, found, make_examples
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import load, save
from spacy.training import Example
from thinc.api import Adam, Model, Optimizer, RAdam, set_dropout_rate

from spacy_globalpointer.layers.external_memory import (
    build_external_memory_v1,
    deserialize_memory,
    serialize_memory,
)

NAME = "spacy-globalpointer.ExternalMemory.v1"
SIZES = {"slots": 7, "heads": 2, "head_width": 3, "top_k": 3}
MEMORY = {"@architectures": NAME, "tok2vec": TOK2VEC}
ENCODER = "spacy-globalpointer.TransformerModel.v1"
LISTENER = {
    "@architectures": "spacy-transformers.TransformerListener.v1",
    "grad_factor": 1.0,
    "pooling": {"@layers": "reduce_mean.v1"},
}


def arrays():
    """A tok2vec whose documents are their vectors. It collects their gradients."""

    def forward(model, docs, is_train):
        return docs, model.attrs["gradients"].append

    return Model("arrays", forward, dims={"nO": 5}, attrs={"gradients": []})


def make(trained=True, **settings):
    """A memory on arrays, and documents of 3, 0 and 4 tokens."""
    model = build_external_memory_v1(arrays(), **{**SIZES, **settings})
    model.initialize()
    if trained:
        with torch.no_grad():
            for parameter in model.shims[0]._model.parameters():
                parameter.add_(torch.randn_like(parameter) * 0.5)
    docs = [numpy.random.randn(n, 5).astype("float32") for n in (3, 0, 4)]
    return model, docs


def equal(ours, theirs):
    return [x.tobytes() for x in ours] == [x.tobytes() for x in theirs]


def test_begin_update_matches_predict():
    model, docs = make()
    predicted, (updated, _) = model.predict(docs), model.begin_update(docs)
    assert equal(predicted, updated)
    assert [x.shape for x in predicted] == [(3, 5), (0, 5), (4, 5)]
    assert not numpy.allclose(predicted[0], docs[0])
    alone = [model.predict([doc])[0] for doc in docs]
    assert all(numpy.allclose(a, b, atol=1e-6) for a, b in zip(predicted, alone))


@pytest.mark.parametrize("dropout", [0.0, 0.5])
def test_untrained_memory_changes_no_bit(dropout):
    model, docs = make(trained=False)
    set_dropout_rate(model, dropout)
    docs[0][0] = [-0.0, 0.0, -1e-42, 1e15, -0.0]
    assert equal(model.predict(docs), docs)
    result, backprop = model.begin_update(docs)
    assert equal(result, docs)
    gradient = [numpy.random.randn(*x.shape).astype("float32") for x in docs]
    backprop(gradient)
    assert equal(model.layers[0].attrs["gradients"][0], gradient)


def test_backprop_is_that_of_torch():
    model, docs = make()
    result, backprop = model.begin_update(docs)
    gradient = [numpy.cos(x) for x in result]
    backprop(gradient)
    [d_docs] = model.layers[0].attrs["gradients"]
    assert [x.shape for x in d_docs] == [x.shape for x in docs]
    module = model.shims[0]._model
    ours = {name: p.grad.clone() for name, p in module.named_parameters()}
    module.zero_grad()
    flat = torch.tensor(numpy.concatenate(docs), requires_grad=True)
    module(flat).backward(torch.tensor(numpy.concatenate(gradient)))
    assert numpy.allclose(numpy.concatenate(d_docs), flat.grad.numpy(), atol=1e-6)
    for name, parameter in module.named_parameters():
        assert torch.allclose(ours[name], parameter.grad, atol=1e-6), name


@given(lengths=st.lists(st.integers(0, 4), max_size=4))
def test_batches_of_any_lengths_are_accepted(lengths):
    model, _ = make()
    docs = [numpy.random.randn(n, 5 if n else 0).astype("float32") for n in lengths]
    result, backprop = model.begin_update(docs)
    assert [x.shape for x in result] == [(n, 5) for n in lengths]
    backprop(result)
    [d_docs] = model.layers[0].attrs["gradients"]
    assert [x.shape for x in d_docs] == [(n, 5) for n in lengths]
    for own, doc in zip(model.predict(docs), docs):
        if len(doc):
            assert numpy.allclose(own, model.predict([doc])[0], atol=1e-5)


def test_learning_with_dropout_lowers_the_loss():
    model, docs = make(trained=False)
    set_dropout_rate(model, 0.1)
    target = [numpy.roll(x, 1, axis=1) for x in docs]
    optimizer, losses = Adam(0.02), []
    for _ in range(60):
        result, backprop = model.begin_update(docs)
        difference = [a - b for a, b in zip(result, target)]
        losses.append(sum((x**2).sum() for x in difference))
        backprop(difference)
        model.finish_update(optimizer)
    assert losses[-1] < losses[0] / 4


def test_dropout_acts_only_in_training():
    model, docs = make()
    set_dropout_rate(model, 0.5)
    assert not equal(model.begin_update(docs)[0], model.begin_update(docs)[0])
    assert equal(model.predict(docs), model.predict(docs))


@pytest.mark.parametrize("kind", [Adam, RAdam])
def test_values_have_a_learning_rate_of_their_own(kind):
    def steps(**rates):
        model, docs = make(**rates)
        module = model.shims[0]._model
        before = {n: p.detach().clone() for n, p in module.named_parameters()}
        result, backprop = model.begin_update(docs)
        backprop([numpy.cos(x) for x in result])
        model.finish_update(kind(0.01, grad_clip=0.0, L2=0.0))
        after = module.named_parameters()
        return {n: float((p - before[n]).abs().max().detach()) for n, p in after}

    spacy.util.fix_random_seed(0)
    plain = steps(learn_rate_scale=1.0, value_learn_rate_scale=1.0)
    spacy.util.fix_random_seed(0)
    scaled = steps(learn_rate_scale=2.0, value_learn_rate_scale=10.0)
    for name, size in plain.items():
        factor = 10 if name == "values" else 2
        assert size > 0
        assert scaled[name] == pytest.approx(factor * size, rel=1e-3), name


def test_bytes_round_trip():
    model, docs = make()
    data = model.to_bytes()
    loaded = build_external_memory_v1(arrays(), **SIZES).from_bytes(data)
    assert loaded.to_bytes() == data
    assert loaded.get_dim("nO") == 5
    ours, theirs = (x.shims[0]._model.state_dict() for x in (model, loaded))
    assert list(ours) == list(theirs)
    for name, tensor in ours.items():
        assert torch.equal(tensor, theirs[name]), name
    assert equal(model.predict(docs), loaded.predict(docs))


def test_layer_that_is_not_initialized_round_trips():
    data = build_external_memory_v1(arrays(), **SIZES).to_bytes()
    assert build_external_memory_v1(arrays(), **SIZES).from_bytes(data)


def test_stored_memory_is_plain_safetensors():
    model, _ = make()
    module = model.shims[0]._model
    assert set(load(serialize_memory(module))) == set(module.state_dict())


def damaged():
    model, _ = make()
    module = model.shims[0]._model
    data = serialize_memory(module)
    yield data[:20]
    yield b"\x80\x04pickle"
    yield data.replace(b'{"__metadata__":{"memory"', b'{"__metadata__":{"memoir"')
    tensors = {name: x.contiguous() for name, x in module.state_dict().items()}
    for description, changes in (
        ("{", {}),
        ('{"format": "99"}', {}),
        (None, {"values": torch.zeros(2, 3)}),
        (None, {"output.bias": torch.zeros(6)}),
        (None, {"extra": torch.zeros(1)}),
    ):
        if description is None:
            description = json.dumps({"format": "1", "settings": SIZES})
        yield save({**tensors, **changes}, metadata={"memory": description})


def test_damaged_bytes_are_refused():
    for data in damaged():
        with pytest.raises(ValueError, match="GP004.*stored memory"):
            deserialize_memory(SIZES, None, data, torch.device("cpu"))


@pytest.mark.parametrize("name", list(SIZES))
def test_stored_memory_must_fit_the_config(name):
    model, _ = make()
    other = build_external_memory_v1(arrays(), **{**SIZES, name: SIZES[name] - 1})
    with pytest.raises(ValueError, match=f"GP081.*{name}.*{name}"):
        other.from_bytes(model.to_bytes())


@pytest.mark.parametrize(
    "settings,message",
    [
        ({"slots": 0}, "GP063.*slots is 0"),
        ({"slots": 2.5}, "GP063.*slots is 2.5"),
        ({"slots": True}, "GP063.*slots is True"),
        ({"slots": 10**30}, "GP063.*slots"),
        ({"heads": 0}, "GP063.*heads is 0"),
        ({"heads": "4"}, "GP063.*heads is '4'"),
        ({"head_width": None}, "GP063.*head_width is None"),
        ({"top_k": 0}, "GP063.*top_k is 0"),
        ({"top_k": 257}, "GP063.*top_k is 257.*slots, which is 256"),
        ({"slots": 8}, "GP063.*top_k is 16.*slots, which is 8"),
        ({"learn_rate_scale": -1}, "GP063.*learn_rate_scale is -1"),
        ({"learn_rate_scale": "2"}, "GP063.*learn_rate_scale is '2'"),
        ({"value_learn_rate_scale": -1.0}, "GP063.*value_learn_rate_scale is -1.0"),
        ({"value_learn_rate_scale": None}, "GP063.*value_learn_rate_scale is None"),
    ],
)
def test_invalid_settings_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        spacy.registry.resolve({"model": {**MEMORY, **settings}})


def test_predicting_keeps_nothing_of_tok2vec():
    """Its data for a gradient would need as much memory as a book's vectors."""
    alive = []

    class Needed:
        pass

    def vectors(model, docs, is_train):
        needed = Needed()
        alive.append(weakref.ref(needed))
        return docs, lambda gradient: (needed, gradient)[1]

    def seen(*args, **kwargs):
        gc.collect()
        kept.append(alive[-1]() is not None)
        return run(*args, **kwargs)

    kept = []
    tok2vec = Model("vectors", vectors, dims={"nO": 5})
    model = build_external_memory_v1(tok2vec, **SIZES)
    model.initialize()
    shim, (_, docs) = model.shims[0], make()
    for name in ("predict", "begin_update"):
        run = getattr(shim, name)
        setattr(shim, name, seen)
        getattr(model, name)(docs)
        setattr(shim, name, run)
    assert kept == [False, True]
    with pytest.raises(ValueError, match="GP043"):
        model(docs, is_train=False)[1](docs)


def test_width_of_an_unknown_tok2vec_is_that_of_its_vectors():
    tok2vec = arrays()
    tok2vec._dims = {"nO": None}
    model = build_external_memory_v1(tok2vec, **SIZES)
    assert model.has_dim("nO") is None
    _, docs = make()
    model.initialize(X=docs, Y=numpy.zeros((2, 9)))
    assert model.get_dim("nO") == 5
    assert model.predict(docs)[0].shape == (3, 5)


def test_copy_is_independent():
    model, docs = make(learn_rate_scale=3.0)
    copy = model.copy()
    assert copy.shims[0].learn_rate_factor("keys") == 3.0
    assert copy.shims[0].learn_rate_factor("values") == 10.0
    before = model.predict(docs)
    result, backprop = copy.begin_update(docs)
    backprop(result)
    copy.finish_update(Adam(0.1))
    assert equal(model.predict(docs), before)
    assert not equal(copy.predict(docs), before)


def test_threads_predict_the_same_while_another_trains():
    model, docs = make(trained=False)
    set_dropout_rate(model, 0.5)
    expected, stop = model.predict(docs), threading.Event()

    def train():
        while not stop.is_set():  # the weights stay as they are, but the mode changes
            result, backprop = model.begin_update(docs)
            backprop(result)

    with ThreadPoolExecutor(5) as pool:
        training = pool.submit(train)
        try:
            results = list(pool.map(model.predict, [docs] * 200))
        finally:
            stop.set()
        training.result()
    assert all(equal(result, expected) for result in results)


def test_pipeline_learns_and_reloads(tmp_path):
    nlp = build(tok2vec=MEMORY)
    losses = fit(nlp, make_examples(nlp), steps=60)
    assert [found(nlp(text)) for text in TEXTS] == GOLD
    values = nlp.get_pipe("global_pointer").model.get_ref("tok2vec").shims[0]._model
    assert values.output.weight.abs().max() > 1e-3
    nlp.to_disk(tmp_path)
    again = spacy.load(tmp_path)
    for text in TEXTS:
        doc, other = nlp(text), again(text)
        assert found(doc) == found(other)
        scores = doc.spans["sc"].attrs["scores"]
        assert numpy.array_equal(scores, other.spans["sc"].attrs["scores"])
    assert losses["global_pointer"] < 1
    path = "components.global_pointer.model.tok2vec.top_k"
    with pytest.raises(ValueError, match="GP081.*top_k"):
        spacy.load(tmp_path, config={path: 8})


def scores_of(nlp):
    return [
        [(found(doc), list(doc.spans["sc"].attrs["scores"])) for doc in nlp.pipe(texts)]
        for texts in (TEXTS, TEXTS[:1], [TEXTS[0] * 3])
    ]


def test_untrained_memory_changes_no_prediction_of_a_trained_pipeline():
    plain, with_memory = build(), build(tok2vec=MEMORY)
    fit(plain, make_examples(plain), steps=20)
    examples = make_examples(with_memory)
    with_memory.initialize(lambda: examples)
    models = [nlp.get_pipe("global_pointer") for nlp in (plain, with_memory)]
    for pipe in models:
        pipe.threshold = 0.001
    trained, other = (pipe.model for pipe in models)
    tok2vec = other.get_ref("tok2vec").layers[0]
    tok2vec.from_bytes(trained.get_ref("tok2vec").to_bytes())
    other.get_ref("output_layer").from_bytes(trained.get_ref("output_layer").to_bytes())
    models[1].cfg["trained_length"] = models[0].cfg["trained_length"]
    assert scores_of(with_memory) == scores_of(plain)
    assert sum(len(spans) for docs in scores_of(plain) for spans, _ in docs) > 10


def test_label_can_be_added_to_a_trained_pipeline():
    nlp = build(tok2vec=MEMORY)
    fit(nlp, make_examples(nlp), steps=20)
    pipe = nlp.get_pipe("global_pointer")
    before = pipe.model.predict([nlp(TEXTS[0])]).queries
    pipe.add_label("NEW")
    after = pipe.model.predict([nlp(TEXTS[0])]).queries
    assert after.shape[1] == 4 and torch.equal(after[:, :3], before)
    nlp.update(make_examples(nlp), sgd=nlp.resume_training())


def build_listening(folder, **settings):
    nlp = spacy.blank("en")
    encoder = {"@architectures": ENCODER, "name": str(folder)}
    nlp.add_pipe("transformer", config={"model": encoder})
    memory = {"@architectures": NAME, "tok2vec": LISTENER, **settings}
    nlp.add_pipe("global_pointer", config={"model": {"tok2vec": memory}})
    return nlp


def test_memory_reads_a_transformer_whose_listener_can_be_replaced(bert_folder):
    nlp = build_listening(bert_folder)
    losses = fit(nlp, make_examples(nlp), steps=5)
    shim = nlp.get_pipe("transformer").model.layers[0].shims[0]
    assert any(p.grad is not None for p in shim._model.parameters())
    assert losses["global_pointer"] > 0
    nlp.get_pipe("global_pointer").threshold = 0.0
    before = nlp(TEXTS[0]).spans["sc"].attrs["scores"]
    nlp.replace_listeners("transformer", "global_pointer", ["model.tok2vec.tok2vec"])
    nlp.remove_pipe("transformer")
    assert numpy.array_equal(nlp(TEXTS[0]).spans["sc"].attrs["scores"], before)


def test_tokens_without_a_vector_are_still_reported(bert_folder):
    nlp = build_listening(bert_folder)
    fit(nlp, make_examples(nlp), steps=2)
    nlp.disable_pipe("transformer")
    with pytest.warns(UserWarning, match="GPW001"):
        assert found(nlp(TEXTS[0])) == []


def test_memory_has_an_encoder_of_its_own(bert_folder):
    own = {
        "@architectures": "spacy-globalpointer.Tok2VecTransformer.v1",
        "name": str(bert_folder),
        "pooling": {"@layers": "reduce_mean.v1"},
    }
    nlp = build(tok2vec={**MEMORY, "tok2vec": own})
    fit(nlp, make_examples(nlp), steps=2)
    assert nlp.get_pipe("global_pointer").model.get_ref("tok2vec").get_dim("nO") == 32


@pytest.mark.parametrize("name", ["ner", "spancat", "textcat"])
def test_other_components_train_with_a_memory(name):
    nlp = spacy.blank("en")
    default = nlp.get_factory_meta(name).default_config["model"]
    config = {**default, "tok2vec": MEMORY}
    if name == "textcat":
        config = {
            "@architectures": "spacy.TextCatReduce.v1",
            "exclusive_classes": True,
            "use_reduce_first": False,
            "use_reduce_last": False,
            "use_reduce_max": False,
            "use_reduce_mean": True,
            "tok2vec": MEMORY,
        }
    nlp.add_pipe(name, config={"model": config})
    text = "Mary of Leith"
    gold = {"entities": [(0, 4, "A")], "spans": {"sc": [(0, 4, "A")]}}
    gold |= {"cats": {"A": 1.0, "B": 0.0}}
    examples = [Example.from_dict(nlp.make_doc(text), gold)]
    sgd, losses = nlp.initialize(lambda: examples), []
    for _ in range(10):
        losses.append(nlp.update(examples, sgd=sgd)[name])
    assert losses[-1] < losses[0]
    [layer] = [
        x for x in nlp.get_pipe(name).model.walk() if x.name == "external_memory"
    ]
    assert layer.shims[0]._model.output.weight.abs().max() > 0
    assert nlp(text).text == text


def test_averages_of_the_weights_are_used():
    model, docs = make()
    optimizer: Optimizer = Adam(0.1, use_averages=True)
    before = model.predict(docs)
    for _ in range(3):
        result, backprop = model.begin_update(docs)
        backprop(result)
        model.finish_update(optimizer)
    after = model.predict(docs)
    with model.use_params(optimizer.averages):
        averaged = model.predict(docs)
    assert not equal(averaged, after) and not equal(averaged, before)
    assert equal(model.predict(docs), after)
