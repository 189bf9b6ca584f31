"""A stored component that is damaged or was edited, against the one that was saved."""

from __future__ import annotations

import json
import shutil

import pytest
import spacy
import srsly
from helpers import TEXTS, build, fit, found, make_examples
from spacy.tokens import Doc

from spacy_globalpointer.pipeline.settings import LEARNED
from spacy_globalpointer.pipeline.storage import MEMORY

#: A small tok2vec: every byte of what is stored is reached by the steps below.
SMALL = {
    "@architectures": "spacy.HashEmbedCNN.v2",
    "width": 8,
    "depth": 1,
    "embed_size": 20,
    "window_size": 1,
    "maxout_pieces": 2,
    "subword_features": True,
    "pretrained_vectors": None,
}


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """A trained pipeline in a folder. No test changes it."""
    nlp = build(tok2vec=SMALL)
    fit(nlp, make_examples(nlp), steps=5)
    nlp.get_pipe("global_pointer").cfg["threshold"] = 0.5
    folder = tmp_path_factory.mktemp("saved")
    nlp.to_disk(folder)
    return folder


@pytest.fixture
def folder(saved, tmp_path):
    return shutil.copytree(saved, tmp_path / "pipeline")


def scores(nlp):
    """All spans of all texts with their scores, to the last bit."""
    pipe = nlp.get_pipe("global_pointer")
    docs = [nlp.make_doc(text) for text in TEXTS]
    states = pipe.model.predict(docs)
    spans = pipe.predict(docs)
    return [x.detach().numpy().tobytes() for x in states.tensors()], [
        (pipe.labels, x.labels.tolist(), x.starts.tolist(), x.scores.numpy().tobytes())
        for x in spans
    ]


def flips(data: bytes, step: int):
    """YIELDS: The bytes with one bit flipped: in each of the first and last 300, and
    between them in one of as many as the step says."""
    places = {*range(0, len(data), step), *range(300), *range(-300, 0)}
    for place in sorted(i % len(data) for i in places):
        changed = bytearray(data)
        changed[place] ^= 1 << place % 8
        yield place, bytes(changed)


def check_flip(nlp, load, expected):
    """A load raises an error with a code and changes nothing, or gives the same."""
    try:
        load()
    except ValueError as error:
        assert str(error).startswith("[GP0")
        return False
    assert scores(nlp) == expected
    return True


@pytest.mark.parametrize("part", ["cfg", "model"])
def test_every_flipped_bit_of_a_file_is_noticed_or_changes_nothing(part, folder):
    nlp = spacy.load(folder)
    pipe, expected = nlp.get_pipe("global_pointer"), scores(nlp)
    file = folder / "global_pointer" / part
    whole = file.read_bytes()
    loaded = []

    def load():
        pipe.from_disk(file.parent, exclude=["vocab"])

    for place, changed in flips(whole, step=97 if part == "model" else 1):
        file.write_bytes(changed)
        if check_flip(nlp, load, expected):
            loaded.append(place)
    assert scores(nlp) == expected
    # A line end of JSON may be another white space, and no more.
    assert part == "cfg" or not loaded
    assert len(loaded) < 10


def test_every_flipped_bit_of_bytes_is_noticed_or_changes_nothing(saved):
    nlp = spacy.load(saved)
    pipe, expected = nlp.get_pipe("global_pointer"), scores(nlp)
    whole = pipe.to_bytes(exclude=["vocab"])
    for _, changed in flips(whole, step=97):
        check_flip(nlp, lambda data=changed: pipe.from_bytes(data), expected)
    assert scores(nlp) == expected


def edit_cfg(folder, **changes):
    file = folder / "global_pointer" / "cfg"
    file.write_text(json.dumps({**json.loads(file.read_text("utf-8")), **changes}))


@pytest.mark.parametrize(
    "change",
    [
        {"labels": ["PERSON", "ORG", "PLACE"]},
        {"labels": ["ORG", "PERSON", "PLAICE"]},
        {"labels": ["ORG", "PERSON"]},
        {"label_counts": {}},
        {"trained_length": 0},
        {"trained_length": 3},
    ],
)
def test_edited_learned_values_are_an_error(change, folder):
    edit_cfg(folder, **change)
    with pytest.raises(ValueError, match="GP062.*cfg.*rename"):
        spacy.load(folder)


@pytest.mark.parametrize(
    "change,told",
    [
        ({"labels": "ORG"}, "labels = 'ORG'"),
        ({"labels": ["ORG", "PERSON", "ORG"]}, "'ORG'.* twice"),
        ({"labels": ["ORG", 5, "PLACE"]}, "5"),
        ({"labels": ["ORG", "", "PLACE"]}, "not empty"),
        ({"labels": ["ORG", "\ud800", "PLACE"]}, "Unicode"),
        ({"labels": {"ORG": 1}}, "labels"),
        ({"labels": None}, "labels = None"),
        ({"trained_length": -5}, "trained_length = -5"),
        ({"trained_length": 1.5}, "trained_length = 1.5"),
        ({"trained_length": True}, "trained_length = True"),
        ({"trained_length": "9"}, "trained_length = '9'"),
        ({"trained_length": None}, "trained_length = None"),
        ({"label_counts": []}, r"label_counts = \[\]"),
        ({"label_counts": {"ORG": -1}}, "label_counts"),
        ({"label_counts": {"ORG": "2"}}, "label_counts"),
        ({"trained_lengths": 5}, "trained_lengths"),
        ({"digests": {"model": "a"}}, "digests"),
        ({"digests": "a"}, "digests = 'a'"),
    ],
)
@pytest.mark.parametrize("digests", [True, False])
def test_learned_values_of_the_wrong_type_are_named(change, told, digests, folder):
    if not digests and "digests" not in change:
        remove_digests(folder)
    edit_cfg(folder, **change)
    with pytest.raises(ValueError, match=f"GP061.*cfg.*{told}"):
        spacy.load(folder)


@pytest.mark.parametrize("content", ["", "[]", "7", '"labels"', "{", "\udcff"])
def test_cfg_that_is_not_an_object_is_an_error(content, folder):
    file = folder / "global_pointer" / "cfg"
    file.write_bytes(content.encode("utf-8", "surrogateescape"))
    with pytest.raises(ValueError, match="GP061.*cfg"):
        spacy.load(folder)


def remove_digests(folder):
    file = folder / "global_pointer" / "cfg"
    content = json.loads(file.read_text("utf-8"))
    assert set(content["digests"]) == {"cfg", "model"}
    srsly.write_json(file, {key: content[key] for key in LEARNED})


def test_older_pipeline_without_digests_loads_and_gets_them(folder, tmp_path):
    nlp = spacy.load(folder)
    remove_digests(folder)
    old = spacy.load(folder)
    assert scores(old) == scores(nlp)
    assert found(old(TEXTS[0])) == found(nlp(TEXTS[0]))
    old.to_disk(tmp_path / "again")
    edit_cfg(tmp_path / "again", trained_length=1)
    with pytest.raises(ValueError, match="GP062"):
        spacy.load(tmp_path / "again")


def test_old_pipeline_with_another_number_of_labels_is_an_error(folder):
    remove_digests(folder)
    edit_cfg(folder, labels=["ORG", "PERSON"])
    with pytest.raises(ValueError, match="GP064.*2 labels.*scores 3"):
        spacy.load(folder)


def test_saving_again_gives_identical_files(folder, tmp_path):
    spacy.load(folder).to_disk(tmp_path / "again")
    for file in folder.rglob("*"):
        if file.is_file():
            other = tmp_path / "again" / file.relative_to(folder)
            assert file.read_bytes() == other.read_bytes(), file.name


@pytest.mark.parametrize("part", ["cfg", "model"])
def test_missing_part_is_named(part, folder):
    (folder / "global_pointer" / part).unlink()
    with pytest.raises(ValueError, match=f"GP060.*global_pointer.{part} is missing"):
        spacy.load(folder)


def test_missing_component_folder_is_named(folder):
    shutil.rmtree(folder / "global_pointer")
    with pytest.raises(ValueError, match="GP060.*global_pointer.cfg is missing"):
        spacy.load(folder)


def test_model_of_another_pipeline_is_refused(folder):
    other = build(tok2vec=SMALL)
    fit(other, make_examples(other), steps=6)
    other.get_pipe("global_pointer").model.to_disk(folder / "global_pointer" / "model")
    with pytest.raises(ValueError, match="GP018.*digest"):
        spacy.load(folder)


def test_excluded_part_is_not_required(folder, tmp_path):
    nlp = spacy.load(folder)
    pipe = nlp.get_pipe("global_pointer")
    expected = scores(nlp)
    for part in ("cfg", "model"):
        place = tmp_path / part
        pipe.to_disk(place, exclude=[part, "vocab"])
        assert not (place / part).exists()
        pipe.from_disk(place, exclude=[part, "vocab"])
        data = pipe.to_bytes(exclude=[part, "vocab"])
        pipe.from_bytes(data)
        pipe.from_bytes(pipe.to_bytes(), exclude=[part])
        assert scores(nlp) == expected


def test_error_while_loading_changes_nothing(folder):
    nlp = spacy.load(folder)
    pipe, expected = nlp.get_pipe("global_pointer"), scores(nlp)
    labels = pipe.labels
    edit_cfg(folder, labels=["A", "B", "C"])
    with pytest.raises(ValueError, match="GP062"):
        pipe.from_disk(folder / "global_pointer", exclude=["vocab"])
    assert pipe.labels == labels and scores(nlp) == expected


def test_config_may_be_edited(folder):
    path = folder / "config.cfg"
    text = path.read_text("utf-8")
    path.write_text(text.replace("threshold = 0.5", "threshold = 0.01"), "utf-8")
    assert spacy.load(folder).get_pipe("global_pointer").cfg["threshold"] == 0.01


@pytest.fixture
def taught(folder):
    """A component with entries in its memory."""
    nlp = spacy.load(folder)
    pipe = nlp.get_pipe("global_pointer")
    pipe.remember(make_examples(nlp))
    yield pipe  # it refers to the pipeline only weakly
    assert nlp.get_pipe("global_pointer") is pipe


def test_an_excluded_memory_is_left_alone_when_loading(taught, tmp_path):
    own, exclude = taught.memory_files(), ["vocab", "memory"]
    for left_out in ([], ["memory"]):
        data = taught.to_bytes(exclude=["vocab", *left_out])
        taught.from_bytes(data, exclude=exclude)
        assert taught.memory_files() == own
        taught.to_disk(tmp_path / "d", exclude=["vocab", *left_out])
        taught.from_disk(tmp_path / "d", exclude=exclude)
        assert taught.memory_files() == own


def test_an_excluded_memory_is_left_alone_when_saving(taught, tmp_path):
    taught.to_disk(tmp_path, exclude=["vocab"])
    taught.forget(everything=True)
    for exclude, stays in ((["vocab", "memory"], True), (["vocab"], False)):
        taught.to_disk(tmp_path, exclude=exclude)
        assert [(tmp_path / part).exists() for part in MEMORY] == [stays, stays]


def test_an_excluded_memory_is_checked_against_a_loaded_model(taught):
    other = build(tok2vec=SMALL)
    fit(other, make_examples(other), steps=6)
    data = other.get_pipe("global_pointer").to_bytes(exclude=["vocab"])
    taught.from_bytes(data, exclude=["vocab", "memory"])
    assert len(taught.memory)
    with pytest.raises(ValueError, match="GP076"):
        taught.predict([Doc(taught.vocab, words=["York"])])


def test_a_memory_is_loaded_without_the_part_cfg(taught, saved, tmp_path):
    exclude, own = ["vocab", "cfg"], taught.memory_files()
    data = taught.to_bytes(exclude=["vocab"])
    taught.to_disk(tmp_path, exclude=["vocab"])
    nlp = spacy.load(saved)
    pipe = nlp.get_pipe("global_pointer")
    assert pipe.from_bytes(data, exclude=exclude).memory_files() == own
    pipe.forget(everything=True)
    assert pipe.from_disk(tmp_path, exclude=exclude).memory_files() == own


def test_labels_are_checked_after_a_memory_is_loaded_without_cfg(taught, saved):
    """A threshold may name a label that only the memory knows."""
    nlp = spacy.load(saved)
    pipe = nlp.get_pipe("global_pointer")
    empty = pipe.to_bytes(exclude=["vocab"])
    gold = [[(0, 1, "NEW")], [], [], []]
    pipe.remember(make_examples(nlp, gold=gold))
    pipe.thresholds = {"NEW": 0.4}
    data = pipe.to_bytes(exclude=["vocab"])
    assert pipe.from_bytes(data, exclude=["cfg"]).memory.stats()["labels"]
    with pytest.raises(ValueError, match="GP016"):
        pipe.from_bytes(empty, exclude=["cfg"])


def test_a_new_component_may_load_without_cfg(saved):
    data = spacy.load(saved).get_pipe("global_pointer").to_bytes(exclude=["vocab"])
    new = build(tok2vec=SMALL, thresholds={"PLACE": 0.4}).get_pipe("global_pointer")
    assert not new.from_bytes(data, exclude=["cfg", "model"]).labels
