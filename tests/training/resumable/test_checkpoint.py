"""The state of a training on disk."""

from __future__ import annotations

import errno
import json
import random
import shutil
from pathlib import Path

import numpy
import pytest
import torch
from helpers import build, make_examples
from safetensors.numpy import load_file
from spacy.language import Language
from spacy.training.loop import subdivide_batch
from thinc.api import Adam, Linear, RAdam, fix_random_seed

from spacy_globalpointer.corpus.digest import file_digest
from spacy_globalpointer.training.resumable.checkpoint import (
    ARRAYS,
    DIGESTS,
    STATE,
    Checkpoint,
    Progress,
    find_checkpoints,
    write_checkpoint,
)
from spacy_globalpointer.training.resumable.optimizer_state import (
    get_gradients,
    get_state,
    set_state,
)
from spacy_globalpointer.training.resumable.parameters import (
    find_parameters,
    find_shims,
)
from spacy_globalpointer.training.resumable.random_state import get_states
from spacy_globalpointer.training.resumable.replay import History

IDENTITY = {"settings": {"a": 1}, "contents": {}, "versions": {}}


def train(nlp, optimizer, steps=3):
    examples = make_examples(nlp)
    for _ in range(steps):
        nlp.update(examples, sgd=optimizer, drop=0.2)


def make(steps=3, *, make_optimizer=RAdam):
    nlp = build()
    nlp.initialize(lambda: make_examples(nlp))
    optimizer = make_optimizer(0.01)
    train(nlp, optimizer, steps)
    return nlp, optimizer


def write(folder, nlp, optimizer, steps=3, **history):
    progress = Progress(History(steps=steps, **history), 70, 5, {"f": 1 / 3})
    options = {"identity": IDENTITY, "config": nlp.config.interpolate()}
    return write_checkpoint(folder, nlp, optimizer, progress, **options)


@pytest.fixture
def path(tmp_path):
    return write(tmp_path, *make())


def weights(nlp):
    """RETURNS: All weights as bytes, by place."""
    found = {}
    for place, parameter in find_parameters(nlp).items():
        if hasattr(parameter, "parameter"):
            found[place] = parameter.parameter.detach().numpy().tobytes()
        else:
            found[place] = parameter.node.get_param(parameter.name).tobytes()
    return found


def as_bytes(arrays):
    return {name: (x.shape, x.dtype, x.tobytes()) for name, x in arrays.items()}


@pytest.mark.parametrize("make_optimizer", [Adam, RAdam])
def test_every_field_is_restored(tmp_path, make_optimizer):
    nlp, optimizer = make(make_optimizer=make_optimizer)
    states = {2: {"python": get_states()["python"]}, 5: get_states()}
    history = {"digest": "ab", "scores": [1 / 3, 0, float("inf")], "weights": ["f"]}
    found = Checkpoint(write(tmp_path, nlp, optimizer, states=states, **history))
    expected = get_states()

    progress = found.progress
    assert (progress.words, progress.seconds) == (70, 5)
    assert progress.performance == {"f": 1 / 3}
    assert found.identity == IDENTITY
    assert {k: getattr(progress.history, k) for k in history} == history
    assert {k: as_bytes(x) for k, x in progress.history.states.items()} == {
        k: as_bytes(x) for k, x in states.items()
    }

    other, empty = make(1, make_optimizer=make_optimizer)[0], make_optimizer(0.01)
    random.random()
    numpy.random.random()
    torch.rand(1)
    found.restore(other, empty)
    found.restore_random()
    assert weights(other) == weights(nlp)
    assert other.get_pipe("global_pointer").cfg == nlp.get_pipe("global_pointer").cfg
    assert set(nlp.vocab.strings) == set(other.vocab.strings)
    assert other.meta["performance"] == {"f": 1 / 3}
    arrays, counts = get_state(nlp, optimizer)
    assert arrays and as_bytes(get_state(other, empty)[0]) == as_bytes(arrays)
    assert get_state(other, empty)[1] == counts
    assert get_gradients(other)[1] == get_gradients(nlp)[1]
    assert as_bytes(get_states()) == as_bytes(expected)


def test_a_parameter_without_a_new_gradient_is_updated_by_its_momentum(path):
    """By the momentum of before: it has a gradient of zeros."""
    fix_random_seed(0)
    nlp, optimizer = make()
    other, empty = make(0)[0], RAdam(0.01)
    Checkpoint(path).restore(other, empty)
    before = weights(other)
    for pipeline, sgd in ((nlp, optimizer), (other, empty)):
        for _, pipe in pipeline.pipeline:
            pipe.finish_update(sgd)
    assert weights(other) == weights(nlp)
    assert all(weights(other)[place] != x for place, x in before.items())


def test_an_update_without_a_batch_changes_nothing():
    nlp, optimizer = make(0)
    before = weights(nlp)
    assert list(subdivide_batch([], 3)) == []
    nlp.get_pipe("global_pointer").finish_update(optimizer)
    assert weights(nlp) == before
    assert not optimizer.nr_update


def test_the_scale_of_half_precision_is_restored(tmp_path):
    nlp, optimizer = make()
    [shim] = find_shims(nlp).values()
    shim._grad_scaler._scale.fill_(2.0**7)
    shim._grad_scaler._growth_tracker.fill_(13)
    other, empty = make(0)[0], RAdam(0.01)
    Checkpoint(write(tmp_path, nlp, optimizer)).restore(other, empty)
    [shim] = find_shims(other).values()
    assert shim._grad_scaler._scale.tolist() == [2.0**7]
    assert shim._grad_scaler._growth_tracker.tolist() == [13]


def test_older_checkpoints_are_removed(tmp_path):
    nlp, optimizer = make(1)
    for steps in (1, 4, 10):
        write(tmp_path, nlp, optimizer, steps)
        assert [x.name for x in find_checkpoints(tmp_path)] == [f"checkpoint-{steps}"]
    assert [x.name for x in tmp_path.iterdir()] == ["checkpoint-10"]


def test_the_newest_checkpoint_has_the_most_steps(tmp_path):
    for name in ("checkpoint-9", "checkpoint-10", "checkpoint-x", "checkpoint-"):
        (tmp_path / name).mkdir()
    found = [x.name for x in find_checkpoints(tmp_path)]
    assert found == ["checkpoint-10", "checkpoint-9"]


def test_an_error_while_writing_leaves_the_older_checkpoint(tmp_path, monkeypatch):
    nlp, optimizer = make(1)
    older = write(tmp_path, nlp, optimizer, 1)
    monkeypatch.setattr(nlp, "to_disk", lambda *_, **__: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        write(tmp_path, nlp, optimizer, 2)
    assert [*tmp_path.iterdir()] == [older]
    Checkpoint(older)


def names_of(path):
    return sorted(x.relative_to(path) for x in path.rglob("*") if x.is_file())


def test_a_damaged_file_is_an_error(path, tmp_path):
    """Truncated, with another byte, or gone."""
    for name in names_of(path):
        for change in (lambda x: x[:-1], lambda x: x[:-1] + b"?", None):
            copy = shutil.copytree(path, tmp_path / "copy")
            if change is None:
                (copy / name).unlink()
            else:
                (copy / name).write_bytes(change((copy / name).read_bytes()))
            with pytest.raises(ValueError, match=r"GP212.*(copy|digests)"):
                Checkpoint(copy)
            shutil.rmtree(copy)


def test_a_file_that_may_not_be_read_is_not_damaged(path, monkeypatch):
    def refuse(file, *_, **__):
        raise PermissionError(errno.EACCES, "Permission denied", str(file))

    monkeypatch.setattr(Path, "read_text", refuse)
    with pytest.raises(PermissionError):
        Checkpoint(path)


def test_another_format_is_an_error(path):
    state = json.loads((path / STATE).read_text("utf-8"))
    (path / STATE).write_text(json.dumps({**state, "format": 99}), "utf-8")
    digests = json.loads((path / DIGESTS).read_text("utf-8"))
    digests[STATE] = file_digest(path / STATE)
    (path / DIGESTS).write_text(json.dumps(digests), "utf-8")
    with pytest.raises(ValueError, match="GP213"):
        Checkpoint(path)


@pytest.mark.parametrize(
    "name,change",
    [
        *((STATE, {"identity": []}), (STATE, {"history": 5}), (STATE, {"words": "1"})),
        *((STATE, {"history": {"steps": -1}}), (STATE, {"seconds": True})),
        *((STATE, {"machine": None}), (STATE, {"optimizer": 1}), (DIGESTS, [])),
        (DIGESTS, {"config.cfg": "a"}),
    ],
)
def test_values_of_the_wrong_type_are_an_error(path, name, change):
    if isinstance(change, dict) and name == STATE:
        change = {**json.loads((path / name).read_text("utf-8")), **change}
    (path / name).write_text(json.dumps(change), "utf-8")
    if name == STATE:
        digests = json.loads((path / DIGESTS).read_text("utf-8"))
        digests[STATE] = file_digest(path / STATE)
        (path / DIGESTS).write_text(json.dumps(digests), "utf-8")
    with pytest.raises(ValueError, match="GP212"):
        Checkpoint(path)


def test_a_parameter_of_no_component_is_an_error(tmp_path):
    nlp, optimizer = make(1)
    other = Linear(2, 2).initialize()
    other.inc_grad("W", numpy.ones((2, 2), "f"))
    other.finish_update(optimizer)
    with pytest.raises(ValueError, match="GP216"):
        write(tmp_path, nlp, optimizer)
    assert not list(tmp_path.iterdir())


def test_a_parameter_that_the_pipeline_lacks_is_an_error(path):
    nlp = build()
    nlp.initialize(lambda: make_examples(nlp))
    model = nlp.get_pipe("global_pointer").model
    model.layers[0].layers.pop()
    numbers = json.loads((path / STATE).read_text("utf-8"))["optimizer"]
    with pytest.raises(ValueError, match="GP217"):
        set_state(nlp, RAdam(0.01), load_file(path / ARRAYS), numbers)


def test_a_parameter_that_components_share_is_stored_once():
    nlp, optimizer = make(1)
    pipe = nlp.get_pipe("global_pointer")
    nlp.add_pipe("global_pointer", name="second")
    nlp.get_pipe("second").model = pipe.model
    assert all(place.startswith("global_pointer/") for place in find_parameters(nlp))
    assert get_state(nlp, optimizer)[0]


def test_components_that_are_not_trained_are_unchanged(tmp_path):
    """spaCy's AttributeRuler adds the patterns that it loads to those that it has."""
    nlp, optimizer = make(1)
    patterns = [{"patterns": [[{"ORTH": "a"}]], "attrs": {"LEMMA": "b"}}]
    nlp.add_pipe("attribute_ruler").add_patterns(patterns)
    path = write(tmp_path, nlp, optimizer)
    Checkpoint(path).restore(nlp, RAdam(0.01))
    assert len(nlp.get_pipe("attribute_ruler").patterns) == 1


class Counter:
    """Is trained, and keeps what it has learnt otherwise than in a model."""

    seen = 0

    def __call__(self, doc):
        return doc

    def update(self, examples, **_):
        self.seen += len(list(examples))

    def to_disk(self, path, **_):
        path.write_text(str(self.seen), "utf-8")

    def from_disk(self, path, **_):
        self.seen = int(path.read_text("utf-8"))


@Language.factory("tests_counter")
def make_counter(nlp, name):
    return Counter()


def test_a_trained_component_without_a_model_is_restored(tmp_path):
    nlp, optimizer = make(1)
    counter = nlp.add_pipe("tests_counter")
    counter.seen = 7
    path = write(tmp_path, nlp, optimizer)
    counter.seen = 0
    Checkpoint(path).restore(nlp, RAdam(0.01))
    assert counter.seen == 7


def test_parts_that_training_does_not_change_are_not_stored(path):
    stored = {x.relative_to(path).as_posix() for x in (path / "pipeline").rglob("*")}
    assert "pipeline/vocab/strings.json" in stored
    unread = {"tokenizer", "meta.json", "config.cfg", "vocab/vectors", "vocab/key2row"}
    unread |= {"vocab/vectors.cfg", "vocab/lookups.bin"}
    assert not stored & {f"pipeline/{name}" for name in unread}


def test_nothing_is_pickled(path):
    suffixes = {name.suffix for name in names_of(path) if name.parts[0] != "pipeline"}
    assert suffixes == {".json", ".safetensors", ".cfg"}
