"""Random batches for property tests."""

from __future__ import annotations

import torch
from hypothesis import strategies as st

from spacy_globalpointer.pointer.states import PointerStates


@st.composite
def batches(draw, max_length: int = 12, scale: float = 1.0):
    """PointerStates in float64, a band or None, and gold cells per document."""
    lengths = draw(st.lists(st.integers(0, max_length), min_size=1, max_size=4))
    n_labels = draw(st.integers(1, 3))
    shared = draw(st.booleans())
    states = random_states(
        lengths,
        n_labels,
        shared=shared,
        start=shared or draw(st.booleans()),
        end=draw(st.booleans()),
        seed=draw(st.integers(0, 2**16)),
        scale=scale,
    )
    band = draw(st.none() | st.integers(1, max_length + 2))
    gold = [
        draw(st.sets(cells(n, n_labels, band), max_size=5)) if n else set()
        for n in lengths
    ]
    return states, band, gold


@st.composite
def cells(draw, length: int, n_labels: int, band):
    start = draw(st.integers(0, length - 1))
    last = length - 1 if band is None else min(length - 1, start + band - 1)
    return draw(st.integers(0, n_labels - 1)), start, draw(st.integers(start, last))


def random_states(
    lengths, n_labels, *, shared=False, start=True, end=True, seed=0, scale=1.0, width=4
) -> PointerStates:
    generator = torch.Generator().manual_seed(seed)

    def normal(*shape):
        return torch.randn(*shape, generator=generator, dtype=torch.float64) * scale

    tokens, heads = sum(lengths), 1 if shared else n_labels
    return PointerStates(
        queries=normal(tokens, heads, width),
        keys=normal(tokens, heads, width),
        start=normal(tokens, n_labels) if start else None,
        end=normal(tokens, n_labels) if end else None,
        lengths=tuple(lengths),
        scale=width**-0.5,
    )


def as_rows(gold) -> torch.Tensor:
    """Gold cells per document as the rows that `span_loss` takes."""
    rows = [(doc, *cell) for doc, found in enumerate(gold) for cell in sorted(found)]
    return torch.tensor(rows, dtype=torch.int64).reshape(-1, 4)
