"""Plans of chunks."""

from __future__ import annotations

import pytest
from corpus_helpers import places
from hypothesis import given
from hypothesis import strategies as st

from spacy_globalpointer.corpus.chunks import plan_chunks


def plan(length, size, forbidden=(), preferred=()):
    return plan_chunks(length, size=size, forbidden=forbidden, preferred=preferred)


@pytest.mark.parametrize(
    "length,size,forbidden,preferred,expected",
    [
        (0, 4, [], [], []),
        (1, 4, [], [], [(0, 1)]),
        (4, 4, [], [], [(0, 4)]),
        (10, 4, [], [], [(0, 4), (4, 8), (8, 10)]),
        # The last sentence end wins, not the first.
        (10, 6, [], [[3, 5, 9]], [(0, 5), (5, 10)]),
        # A paragraph wins over a later sentence.
        (10, 6, [], [[3], [5]], [(0, 3), (3, 9), (9, 10)]),
        # But not if the chunk were less than half full.
        (10, 6, [], [[2], [5]], [(0, 5), (5, 10)]),
        # A preferred place within a span does not count.
        (10, 6, [(4, 6)], [[5]], [(0, 6), (6, 10)]),
        # The last allowed place, even for a small chunk.
        (10, 4, [(1, 5)], [], [(0, 1), (1, 5), (5, 9), (9, 10)]),
        # A span longer than the chunk: the first allowed place after it.
        (10, 4, [(0, 7)], [], [(0, 7), (7, 10)]),
        (10, 4, [(0, 10)], [[4]], [(0, 10)]),
        # Crossing spans are one block; neighbours are not.
        (10, 4, [(0, 4), (3, 6)], [], [(0, 6), (6, 10)]),
        (10, 4, [(0, 4), (4, 8)], [], [(0, 4), (4, 8), (8, 10)]),
    ],
)
def test_chunks_of_examples_are_as_expected(
    length, size, forbidden, preferred, expected
):
    assert plan(length, size, forbidden, preferred) == expected


@pytest.mark.parametrize("size", [0, -1])
def test_size_must_be_positive(size):
    with pytest.raises(ValueError, match=f"GP117.*{size}"):
        plan(10, size)


@st.composite
def problems(draw):
    length = draw(st.integers(0, 40))
    boundaries = st.lists(st.integers(0, length), max_size=8)
    return (
        length,
        draw(st.integers(1, 12)),
        draw(places(length)),
        draw(st.lists(boundaries, max_size=3)),
    )


@given(problems())
def test_chunks_tile_and_cut_no_span(problem):
    length, _, forbidden, _ = problem
    chunks = plan(*problem)
    assert [i for start, end in chunks for i in range(start, end)] == list(
        range(length)
    )
    assert all(start < end for start, end in chunks)
    cuts = {start for start, _ in chunks}
    assert not any(start < cut < end for start, end in forbidden for cut in cuts)


@given(problems())
def test_only_a_span_makes_a_chunk_too_long(problem):
    _, size, forbidden, _ = problem
    for first, last in plan(*problem):
        for cut in range(first + 1, last) if last - first > size else ():
            assert any(start < cut < end for start, end in forbidden)


@given(problems())
def test_each_cut_is_the_best_there_is(problem):
    length, size, forbidden, preferred = problem
    for first, last in plan(*problem)[:-1]:
        inside = {b for start, end in forbidden for b in range(start + 1, end)}
        allowed = [b for b in range(first + 1, first + size + 1) if b not in inside]
        ranked = [
            b
            for level in preferred
            for b in sorted(level, reverse=True)
            if b in allowed and b - first >= size / 2
        ]
        best = (ranked or allowed[::-1] or [last])[0]
        assert last == best


@given(problems(), st.integers(0, 20))
def test_overlap_moves_starts_alone_and_cuts_no_span(problem, overlap):
    length, size, forbidden, preferred = problem
    options = {"size": size, "forbidden": forbidden, "preferred": preferred}
    plain = plan_chunks(length, **options)
    wide = plan_chunks(length, **options, overlap=overlap)
    assert [end for _, end in wide] == [end for _, end in plain]
    inside = {b for start, end in forbidden for b in range(start + 1, end)}
    for (start, _), (own, _) in zip(wide, plain):
        reachable = range(max(0, own - overlap), own + 1)
        assert start == min(b for b in reachable if b not in inside)
