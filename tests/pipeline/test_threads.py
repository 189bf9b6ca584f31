"""One pipeline for many threads, and for processes that are forked from it."""

from __future__ import annotations

import subprocess
import sys
import threading
import warnings
from concurrent.futures import ThreadPoolExecutor

import numpy
import pytest
import spacy
import torch
from helpers import build, fit, make_examples
from small_encoders import make_bert, make_bigbird, make_esm
from spacy.tokens import DocBin
from tokenizers import Tokenizer

from spacy_globalpointer.encoders.precision import bf16_gain
from spacy_globalpointer.encoders.transformer_model import get_shim
from spacy_globalpointer.evaluation.predictions import predict_candidates
from spacy_globalpointer.torch_shim import TorchShim

N_THREADS = 8
WORDS = ["The", "Bank", "of", "Leith", "paid", "the", "Mayor", "in", "May", "."]


@pytest.fixture(autouse=True)
def _one_thread():
    """Threads of torch's own in each thread would only wait for each other."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def make_texts(n):
    draw = numpy.random.default_rng(0)
    return [" ".join(draw.choice(WORDS, size=draw.integers(1, 30))) for _ in range(n)]


@pytest.fixture(scope="module")
def pipelines(tmp_path_factory):
    """Trained pipelines with dropout in the encoder, on disk, by precision."""
    folder = tmp_path_factory.mktemp("pipelines")
    dropout = {"hidden_dropout_prob": 0.1, "attention_probs_dropout_prob": 0.1}
    encoder = make_bert(folder / "bert", **dropout)
    truncating = Tokenizer.from_file(str(encoder / "tokenizer.json"))
    truncating.enable_truncation(8)  # as many published ones do: the first call of a
    truncating.enable_padding(length=8)  # tokenizer switches it off for all threads
    truncating.save(str(encoder / "tokenizer.json"))
    for precision in ("fp32", "bf16"):
        nlp = spacy.blank("en")
        model = {"@architectures": "spacy-globalpointer.TransformerModel.v1"}
        model |= {"name": str(encoder), "precision": precision, "context": 4}
        nlp.add_pipe("transformer", config={"model": model})
        nlp.add_pipe("global_pointer", config={"threshold": 0.02})
        examples = make_examples(nlp)
        sgd = nlp.initialize(lambda examples=examples: examples)
        for _ in range(3):
            nlp.update(examples, sgd=sgd, drop=0.1)
        nlp.to_disk(folder / precision)
    return folder


def spans_of(doc):
    group = doc.spans["sc"]
    places = [(span.start, span.end, span.label_) for span in group]
    return places, [float(score).hex() for score in group.attrs["scores"]]


def in_threads(function, values):
    """Call a function in threads that all begin at the same moment."""
    start = threading.Barrier(N_THREADS)

    def run(own):
        torch.set_num_threads(1)  # some builds of torch count for each thread
        start.wait()
        return [function(value) for value in own]

    with ThreadPoolExecutor(N_THREADS) as pool:
        parts = pool.map(run, [values[i::N_THREADS] for i in range(N_THREADS)])
    results = [None] * len(values)
    for i, part in enumerate(parts):
        results[i::N_THREADS] = part
    return results


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_threads_find_the_same_spans_as_one_thread_from_the_first_text_on(
    pipelines, precision
):
    if precision == "bf16" and not bf16_gain("cpu"):
        pytest.skip("bfloat16 does not work on this processor")
    texts = make_texts(500)
    shared = spacy.load(pipelines / precision)  # nothing is predicted before
    results = in_threads(lambda text: spans_of(shared(text)), texts)
    alone = spacy.load(pipelines / precision)
    assert results == [spans_of(alone(text)) for text in texts]
    assert any(places for places, _ in results)


@pytest.mark.parametrize("how", ["spacy", "candidates"])
def test_threads_find_the_same_spans_while_another_evaluates(pipelines, how, tmp_path):
    texts = make_texts(200)
    nlp = spacy.load(pipelines / "fp32")
    expected = [spans_of(nlp(text)) for text in texts]
    examples = make_examples(nlp)
    path = tmp_path / "dev.spacy"
    DocBin(docs=[example.reference for example in examples]).to_disk(path)
    done = threading.Event()

    def evaluate():
        rounds = 0
        while not done.is_set():
            if how == "spacy":
                nlp.evaluate(make_examples(nlp))
            else:
                predict_candidates(nlp, path, lowest=0.001)
            rounds += 1
        return rounds

    with ThreadPoolExecutor(1) as pool:
        rounds = pool.submit(evaluate)
        try:
            results = in_threads(lambda text: spans_of(nlp(text)), texts)
        finally:
            done.set()
        assert rounds.result()
    assert results == expected


@pytest.mark.parametrize("architecture", ["GlobalPointer", "EfficientGlobalPointer"])
def test_threads_find_the_same_spans_with_a_tok2vec(architecture):
    nlp = build(architecture, threshold=0.01)
    fit(nlp, make_examples(nlp), steps=5)
    texts = make_texts(100)
    expected = [spans_of(nlp(text)) for text in texts]
    assert in_threads(lambda text: spans_of(nlp(text)), texts) == expected


def test_an_update_in_between_does_not_switch_dropout_on(pipelines):
    nlp = spacy.load(pipelines / "fp32")
    shims = [get_shim(nlp.get_pipe("transformer").model)]
    head = nlp.get_pipe("global_pointer").model.get_ref("output_layer")
    shims.append(head.shims[0])
    for shim in shims:
        shim._model.train()
        with shim.module_for_prediction() as module:
            assert not any(part.training for part in module.modules())
        assert all(part.training for part in shim._model.modules())


def test_prediction_leaves_modes_settings_and_thread_count(pipelines):
    nlp = spacy.load(pipelines / "fp32")
    pipe = nlp.get_pipe("global_pointer")
    shims = [s for _, p in nlp.pipeline for node in p.model.walk() for s in node.shims]
    assert len(shims) == 2

    def state():
        modes = [part.training for shim in shims for part in shim._model.modules()]
        parameters = [id(p) for shim in shims for p in shim._model.parameters()]
        attrs = [dict(n.attrs) for _, p in nlp.pipeline for n in p.model.walk()]
        backend = shims[0].encoder.tokenizer.backend_tokenizer
        tokenizer = backend.truncation, backend.padding
        count = torch.get_num_threads(), torch.is_grad_enabled()
        names = list(nlp.pipe_names)
        return modes, parameters, attrs, dict(pipe.cfg), names, tokenizer, count

    before = state()
    list(nlp.pipe(make_texts(5)))
    assert state() == before


def test_a_copy_for_prediction_follows_updates(trained):
    shim = trained.get_pipe("global_pointer").model.get_ref("output_layer").shims[0]
    with shim.module_for_prediction() as view:
        before = view.projection.weight.detach().clone()
    trained.update(make_examples(trained), sgd=trained.resume_training())
    with shim.module_for_prediction() as again:
        assert again is view
    assert not torch.equal(view.projection.weight, before)
    assert torch.equal(view.projection.weight, shim._model.projection.weight)


def test_another_module_gets_another_copy():
    shim = TorchShim(torch.nn.Linear(2, 2))
    with shim.module_for_prediction():
        shim._model = torch.nn.Linear(3, 3)
    with shim.module_for_prediction() as module:
        assert module.weight is shim._model.weight
    with shim.copy().module_for_prediction() as module:
        assert module.weight is not shim._model.weight


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_predictions_at_once_have_copies_of_their_own_of_the_same_weights(dtype):
    shim = TorchShim(torch.nn.Linear(2, 2))
    with shim.module_for_prediction(dtype) as one:
        with shim.module_for_prediction(dtype) as other:
            assert one is not other and one.weight is other.weight
        with shim.module_for_prediction(dtype) as third:
            assert third is other
    with pytest.raises(RuntimeError), shim.module_for_prediction(dtype) as failed:
        failed(torch.zeros(5))
    with shim.module_for_prediction(dtype) as module:
        assert module is not failed


def untrained(folder):
    """A pipeline of an encoder, with a threshold under what no training predicts."""
    nlp = spacy.blank("en")
    model = {"@architectures": "spacy-globalpointer.TransformerModel.v1"}
    model |= {"name": str(folder), "precision": "fp32", "context": 4}
    nlp.add_pipe("transformer", config={"model": model})
    nlp.add_pipe("global_pointer", config={"threshold": 0.005})
    nlp.initialize(lambda: make_examples(nlp))
    return nlp


def test_threads_find_the_same_spans_with_an_encoder_that_stores_its_input(tmp_path):
    nlp = untrained(make_esm(tmp_path))  # its modules hold tables by length
    texts = make_texts(100)
    expected = [spans_of(nlp(text)) for text in texts]
    assert any(places for places, _ in expected)
    assert in_threads(lambda text: spans_of(nlp(text)), texts) == expected


def test_short_texts_do_not_change_spans_of_long_ones(tmp_path):
    nlp = untrained(make_bigbird(tmp_path))
    texts = make_texts(20)
    longest, shortest = max(texts, key=len), min(texts, key=len)
    nlp.update(make_examples(nlp)[:1], sgd=False)  # sets the longest span to predict
    expected = spans_of(nlp(longest))
    nlp(shortest)
    assert spans_of(nlp(longest)) == expected
    nlp.update(make_examples(nlp)[-1:], sgd=False)  # short, too
    assert spans_of(nlp(longest)) == expected
    assert spans_of(nlp(shortest)) and expected[0]
    fresh = spacy.blank("en").from_config(nlp.config).from_bytes(nlp.to_bytes())
    assert spans_of(fresh(longest)) == expected


def test_a_warning_appears_once_for_all_threads(pipelines):
    nlp = spacy.load(pipelines / "fp32")
    pipe = nlp.get_pipe("global_pointer")
    pipe.cfg["max_spans_per_doc"] = 1
    pipe.cfg["threshold"] = 1e-9
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        in_threads(nlp, make_texts(40))
    assert [str(w.message)[:8] for w in caught] == ["[GPW004]"]


# Long enough that torch uses its threads, which a forked process does not have.
FORK = """
import sys
import spacy, torch
torch.set_num_threads(2)
torch.ones(2000, 2000) @ torch.ones(2000, 2000)  # starts torch's threads
nlp = spacy.load(sys.argv[1])
texts = ["The Bank of Leith paid the Mayor . " * 40] * 4
def read(doc):
    group = doc.spans["sc"]
    return [(s.start, s.end, s.label_) for s in group], list(group.attrs["scores"])
torch.set_num_threads(1)  # other numbers of threads give other last digits
alone = [read(doc) for doc in nlp.pipe(texts, batch_size=2)]
torch.set_num_threads(2)
forked = [read(doc) for doc in nlp.pipe(texts, n_process=2, batch_size=2)]
print(alone == forked, len(alone[0][0]) > 0, torch.get_num_threads())
"""


@pytest.mark.skipif(sys.platform != "linux", reason="other systems do not fork")
def test_forked_processes_do_not_wait_for_threads_that_they_lack(pipelines):
    command = [sys.executable, "-c", FORK, str(pipelines / "fp32")]
    result = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert result.stdout.split() == ["True", "True", "2"], result.stderr
