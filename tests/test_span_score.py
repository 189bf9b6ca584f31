"""Scores belong to the spans that were scored: `span._.span_score`, `span_scores`."""

from __future__ import annotations

import copy
import subprocess
import sys
import warnings

import numpy
import pytest
import spacy
from helpers import TEXTS
from hypothesis import given
from hypothesis import strategies as st
from spacy.tokens import Doc, DocBin, Span, SpanGroup
from spacy.util import filter_spans

from spacy_globalpointer import span_scores
from spacy_globalpointer.corpus.from_doc import group_scores
from spacy_globalpointer.span_score import place_of, set_scores

NLP = spacy.blank("en")
PLACES = [(0, 4, "ORG"), (3, 4, "PLACE"), (5, 9, "PERSON"), (8, 9, "PLACE")]
SCORES = [0.875, 0.75, 0.625, 0.5]
OTHER = (1, 3, "PLACE")


def new_doc():
    return Doc(NLP.vocab, words=TEXTS[0].split())


def span(doc, place):
    start, end, label = place
    return Span(doc, start, end, label=label)


def scored(doc, places=PLACES, scores=SCORES, key="sc"):
    """Write a group as `global_pointer` does."""
    spans = sorted((span(doc, place) for place in places), key=place_of)
    group = SpanGroup(doc, name=key, spans=spans)
    set_scores(group, numpy.array(scores, dtype=numpy.float32))
    doc.spans[key] = group
    return doc


@pytest.fixture
def doc():
    return scored(new_doc())


def own(doc, key="sc"):
    """The score of each span of a group, asked in each way that there is."""
    group = doc.spans[key]
    scores = span_scores(group)
    assert group_scores(group) == scores
    others = [other for other in doc.spans if other != key]
    if not others:
        assert [own._.span_score for own in group] == scores
    return dict(zip(map(place_of, group), scores))


def test_each_span_has_its_score(doc):
    assert own(doc) == dict(zip(PLACES, SCORES))
    assert doc[0:4]._.span_score is None
    assert span(doc, (0, 4, "PLACE"))._.span_score is None
    assert span(doc, PLACES[2])._.span_score == 0.625
    doc.set_ents([span(doc, PLACES[0])])
    assert doc.ents[0]._.span_score == 0.875


def replace(doc):
    doc.spans["sc"][1] = span(doc, OTHER)


def relabel(doc):
    doc.spans["sc"][1] = span(doc, (3, 4, "ORG"))


def append(doc):
    doc.spans["sc"].append(span(doc, OTHER))


def extend(doc):
    doc.spans["sc"] += [span(doc, OTHER), span(doc, (3, 4, "ORG"))]


def swap(doc):
    group = doc.spans["sc"]
    first, second = group[0], group[1]
    group[0], group[1] = second, first


def drop_and_add(doc):
    spans = [*list(doc.spans["sc"])[1:], span(doc, OTHER)]
    doc.spans["sc"] = SpanGroup(doc, attrs=doc.spans["sc"].attrs, spans=spans)


def best(doc):
    group = doc.spans["sc"]
    spans = filter_spans(group)
    doc.spans["sc"] = SpanGroup(doc, name="sc", attrs=group.attrs, spans=spans)


def add_groups(doc):
    other = SpanGroup(doc, name="b", spans=[span(doc, OTHER)])
    set_scores(other, numpy.array([0.25], dtype=numpy.float32))
    doc.spans["sc"] = doc.spans["sc"] + other


CHANGES = [replace, relabel, append, extend, swap, drop_and_add, best, add_groups]


@pytest.mark.parametrize("change", CHANGES)
def test_changed_group_gives_scores_only_to_scored_spans(doc, change):
    change(doc)
    known = dict(zip(PLACES, SCORES))
    assert own(doc) == {place_of(s): known.get(place_of(s)) for s in doc.spans["sc"]}


def test_group_of_other_spans_has_no_scores(doc):
    doc.spans["sc"] = list(doc.spans["sc"])
    assert set(own(doc).values()) == {None}


def test_span_removed_from_its_group_has_no_score(doc):
    group = doc.spans["sc"]
    doc.spans["sc"] = SpanGroup(doc, attrs=group.attrs, spans=list(group)[1:])
    assert span(doc, PLACES[0])._.span_score is None


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["set", "append", "remove", "copy"]),
            st.integers(0, 20),
            st.tuples(st.integers(0, 9), st.integers(1, 3), st.sampled_from("AB")),
        ),
        max_size=8,
    )
)
def test_no_change_gives_a_score_to_another_span(changes):
    places = [(0, 1, "A"), (0, 1, "B"), (2, 5, "A"), (4, 5, "B")]
    doc = scored(new_doc(), places)
    for kind, i, (start, length, label) in changes:
        group = doc.spans["sc"]
        other = Span(doc, start, start + length, label=label)
        if kind == "append":
            group.append(other)
        elif len(group) and kind == "set":
            group[i % len(group)] = other
        elif kind == "remove":
            spans = [s for j, s in enumerate(group) if j != i]
            doc.spans["sc"] = SpanGroup(doc, attrs=group.attrs, spans=spans)
        elif kind == "copy":
            doc.spans["sc"] = group.copy()
    known = dict(zip(places, SCORES))
    assert own(doc) == {place_of(s): known.get(place_of(s)) for s in doc.spans["sc"]}


def through_bytes(doc):
    return Doc(NLP.vocab).from_bytes(doc.to_bytes())


def through_docbin(doc):
    return next(DocBin(docs=[doc]).get_docs(NLP.vocab))


def through_other_vocab(doc):
    return next(DocBin(docs=[doc]).get_docs(spacy.blank("de").vocab))


COPIES = [through_bytes, through_docbin, through_other_vocab, Doc.copy]


@pytest.mark.parametrize("copied", COPIES)
@pytest.mark.parametrize("change", [lambda doc: None, *CHANGES])
def test_scores_survive_storing_and_copying(doc, change, copied):
    change(doc)
    assert own(copied(doc)) == own(doc)


def test_scores_survive_merged_tokens(doc):
    with doc.retokenize() as retokenizer:
        retokenizer.merge(doc[5:7])
    [found] = [s for s in doc.spans["sc"] if s.label_ == "ORG"]
    assert found._.span_score == 0.875
    assert span_scores(doc.spans["sc"])[0] == 0.875


def test_groups_that_do_not_contradict_each_other_give_scores(doc):
    scored(doc, [(0, 4, "ORG"), (9, 11, "DATE")], [0.875, 0.25], key="b")
    for key in ("sc", "b"):
        scores = [s._.span_score for s in doc.spans[key]]
        assert scores == span_scores(doc.spans[key])


def test_groups_with_different_scores_are_read_one_by_one(doc):
    scored(doc, [(0, 4, "ORG"), (9, 11, "DATE")], [0.5, 0.25], key="b")
    with pytest.warns(UserWarning, match=r"GPW040.*\['b', 'sc'\].*span_scores"):
        assert doc.spans["b"][0]._.span_score is None
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert doc.spans["b"][1]._.span_score == 0.25
        assert doc.spans["sc"][1]._.span_score == 0.75
    assert own(doc, "b") == {(0, 4, "ORG"): 0.5, (9, 11, "DATE"): 0.25}
    assert own(doc, "sc")[0, 4, "ORG"] == 0.875


def test_group_without_the_span_does_not_affect_its_score(doc):
    doc.spans["sc"][0] = span(doc, OTHER)
    scored(doc, [(0, 4, "ORG")], [0.5], key="b")
    assert doc.spans["b"][0]._.span_score == 0.5


def test_scores_of_other_components_are_ignored(doc):
    doc.spans["gold"] = [span(doc, OTHER)]
    doc.spans["gold"].attrs["scores"] = [0.9]
    assert doc.spans["gold"][0]._.span_score is None
    assert span_scores(doc.spans["gold"]) == [None]
    assert group_scores(doc.spans["gold"]) == [0.9]


@pytest.mark.parametrize("scores", [None, 0.5, [], [0.5] * 5])
def test_scores_that_do_not_match_the_spans_are_not_used(doc, scores):
    doc.spans["sc"].attrs["scores"] = scores
    assert span_scores(doc.spans["sc"]) == [None] * 4
    assert doc.spans["sc"][0]._.span_score is None


def test_scores_that_a_user_revised_are_used(doc):
    doc.spans["sc"].attrs["scores"] = [0.5, None, 0.25, 1]
    expected = [0.5, None, 0.25, 1.0]
    assert span_scores(doc.spans["sc"]) == expected
    assert [s._.span_score for s in doc.spans["sc"]] == expected


def test_components_with_their_own_keys_keep_their_scores(trained):
    other = copy.deepcopy(trained)
    other.rename_pipe("global_pointer", "b")
    trained.add_pipe("b", source=other)
    trained.get_pipe("b").cfg.update(spans_key="b", temperature=3.0)
    doc = trained(TEXTS[0])
    first, second = doc.spans["sc"], doc.spans["b"]
    assert len(second) == 4 and span_scores(first) != span_scores(second)
    for group in (first, second):
        assert span_scores(group) == group.attrs["scores"].tolist()


SCRIPT = """
import sys
{}
from spacy.tokens import DocBin
doc = next(DocBin().from_disk(sys.argv[1]).get_docs(vocab))
assert [span._.span_score for span in doc.spans["sc"]] == [0.875, 0.75, 0.625, 0.5]
"""


@pytest.mark.parametrize(
    "start",
    [
        "import spacy; vocab = spacy.blank('xx').vocab",
        "sys.modules['torch'] = None; import spacy_globalpointer\n"
        "from spacy.vocab import Vocab; vocab = Vocab()",
    ],
)
def test_a_fresh_process_reads_stored_scores(doc, start, tmp_path):
    DocBin(docs=[doc]).to_disk(tmp_path / "docs.spacy")
    script = SCRIPT.format(start)
    command = [sys.executable, "-c", script, str(tmp_path / "docs.spacy")]
    result = subprocess.run(command, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
