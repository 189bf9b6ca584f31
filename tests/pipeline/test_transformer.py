"""The component behind a transformer: listening, truncation, and what spaCy does
to such pipelines."""

from __future__ import annotations

import subprocess
import sys
import warnings

import numpy
import pytest
import spacy
from helpers import GOLD, TEXTS, build_transformer, fit, found, make_examples


@pytest.fixture(scope="module")
def folder(bert_folder, tmp_path_factory):
    """A trained pipeline, saved."""
    spacy.util.fix_random_seed(0)
    nlp = build_transformer(bert_folder)
    fit(nlp, make_examples(nlp), steps=60)
    path = tmp_path_factory.mktemp("pipeline")
    nlp.to_disk(path)
    return path


def scores(doc):
    return doc.spans["sc"].attrs["scores"]


def test_missing_transformer_is_an_error():
    nlp = spacy.blank("en")
    nlp.add_pipe("global_pointer")
    with pytest.raises(ValueError, match="GP015.*transformer-listener.*'transformer'"):
        nlp.initialize(lambda: make_examples(nlp))


def test_pipeline_with_a_transformer_learns_and_reloads(folder):
    nlp = spacy.load(folder)
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        docs = list(nlp.pipe(TEXTS))
    assert [found(doc) for doc in docs] == GOLD
    for doc, again in zip(docs, spacy.load(folder).pipe(TEXTS)):
        assert numpy.array_equal(scores(doc), scores(again))


def test_disabled_transformer_gives_one_warning(folder):
    nlp = spacy.load(folder, disable=["transformer"])
    with pytest.warns(UserWarning, match="GPW001.*12 tokens.*transformer"):
        doc = nlp(TEXTS[0])
    assert found(doc) == []
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        nlp(TEXTS[0])


def test_truncated_tokens_are_counted(folder):
    nlp = spacy.load(folder)
    text = "antidisestablishmentarianism " * 10  # 28 pieces each; the limit is 64
    with pytest.warns(UserWarning, match=r"GPW002.*no vector for \d of the 10 tokens"):
        nlp(text)


def test_whitespace_tokens_are_not_counted_as_truncated(folder):
    nlp = spacy.load(folder)
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        nlp("Mary of\n\nLeith saw the  Bank .\n")


def test_replace_listeners(folder, tmp_path):
    nlp = spacy.load(folder)
    expected = nlp(TEXTS[0])
    nlp.replace_listeners("transformer", "global_pointer", ["model.tok2vec"])
    nlp.remove_pipe("transformer")
    nlp.to_disk(tmp_path)
    doc = spacy.load(tmp_path)(TEXTS[0])
    assert found(doc) == found(expected)
    assert numpy.array_equal(scores(doc), scores(expected))


def test_frozen_transformer_still_learns(bert_folder):
    nlp = build_transformer(bert_folder)
    examples = make_examples(nlp)
    sgd = nlp.initialize(lambda: examples)
    transformer = nlp.get_pipe("transformer")
    before = transformer.model.to_bytes()
    losses = []
    for _ in range(30):
        step: dict = {}
        nlp.update(
            examples,
            sgd=sgd,
            losses=step,
            exclude=["transformer"],
            annotates=["transformer"],
        )
        losses.append(step["global_pointer"])
    assert losses[-1] < losses[0] / 2
    assert transformer.model.to_bytes() == before


def test_to_bytes_from_bytes(folder):
    nlp = spacy.load(folder)
    other = spacy.blank("en").from_config(nlp.config)
    other.from_bytes(nlp.to_bytes())
    assert numpy.array_equal(scores(nlp(TEXTS[0])), scores(other(TEXTS[0])))


def test_long_document_is_one_update_over_many_windows(bert_folder):
    nlp = build_transformer(bert_folder)
    text = " ".join([TEXTS[0]] * 6)
    last = [(66, 69, "ORG"), (68, 69, "PLACE")]  # in the last of 6 windows
    examples = make_examples(nlp, texts=[text], gold=[[*GOLD[0], *last]])
    losses = [fit(nlp, examples, steps=n)["global_pointer"] for n in (1, 60)]
    assert len(nlp(text)._.trf_data.tensors[0]) == 6
    assert losses[1] < losses[0] / 2


SCRIPT = """
import sys, torch, spacy
torch.set_num_threads(1)
nlp = spacy.load(sys.argv[1])
texts = sys.argv[2:]
alone = [nlp(text) for text in texts]
for doc, other in zip(alone, nlp.pipe(texts * 4, n_process=2, batch_size=2)):
    ours, theirs = doc.spans["sc"], other.spans["sc"]
    assert list(ours.attrs["scores"]) == list(theirs.attrs["scores"])
    assert [str(span) for span in ours] == [str(span) for span in theirs]
print(sum(len(doc.spans["sc"]) for doc in alone))
"""


def test_several_processes_give_the_same_result(folder):
    """In a process of its own: a fork after torch's thread pool started hangs."""
    command = [sys.executable, "-W", "ignore", "-c", SCRIPT, str(folder), *TEXTS[:2]]
    result = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert result.stdout.strip() == "8", result.stderr[-2000:]
