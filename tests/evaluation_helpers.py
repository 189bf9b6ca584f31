"""Small examples with gold and found spans for the tests of evaluation/."""

from __future__ import annotations

from hypothesis import strategies as st
from spacy.tokens import Doc, Span, SpanGroup
from spacy.training import Example
from spacy.vocab import Vocab

from spacy_globalpointer.evaluation.matching import match_spans

VOCAB = Vocab()


def example(words, gold, found, scores=None, key="sc", **kwargs):
    """An example from (start, end, label) of tokens; gold None for no annotation."""
    reference = Doc(VOCAB, words=words, **kwargs)
    predicted = Doc(VOCAB, words=words, **kwargs)
    if gold is not None:
        reference.spans[key] = [Span(reference, a, b, label=x) for a, b, x in gold]
    spans = [Span(predicted, a, b, label=x) for a, b, x in found]
    group = SpanGroup(predicted, name=key, spans=spans)
    group.attrs["scores"] = scores or [0.9] * len(found)
    predicted.spans[key] = group
    return Example(predicted, reference)


def matched(*examples, **kwargs):
    found = [scored_spans(example.predicted) for example in examples]
    return match_spans(examples, found, spans_key="sc", **kwargs)


def scored_spans(doc):
    group = doc.spans["sc"]
    places = [(span.label_, span.start_char, span.end_char) for span in group]
    return dict(zip(places, group.attrs["scores"]))


def counts(scores):
    return {name: (score.tp, score.fp, score.fn) for name, score in scores.items()}


def spans_in(length):
    starts = st.integers(0, length - 1)
    place = starts.flatmap(
        lambda a: st.tuples(
            st.just(a), st.integers(a + 1, length), st.sampled_from("AB")
        )
    )
    return st.lists(place, max_size=8, unique=True)


@st.composite
def examples(draw):
    """Some documents with random gold and found spans."""
    result = []
    for _ in range(draw(st.integers(0, 3))):
        n = draw(st.integers(1, 12))
        gold = draw(st.none() | spans_in(n))
        result.append(example(["a"] * n, gold, draw(spans_in(n))))
    return result
