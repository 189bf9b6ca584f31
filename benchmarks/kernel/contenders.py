"""What the kernel is measured against: the textbook form, bert4torch and the limit."""

from __future__ import annotations

from dataclasses import replace
from math import prod
from typing import List, Optional, Tuple

import torch
from torch import Tensor

from spacy_globalpointer.pointer.heads import (
    EfficientGlobalPointerHead,
    GlobalPointerHead,
    PointerHead,
)
from spacy_globalpointer.pointer.loss import span_loss
from spacy_globalpointer.pointer.products import operands
from spacy_globalpointer.pointer.search import search_spans
from spacy_globalpointer.pointer.states import PointerStates
from spacy_globalpointer.pointer.tiles import walk

WIDTH, N_INPUT = 64, 384


def our_loss(states: PointerStates, gold: Tensor) -> Tuple[Tensor, List[Tensor]]:
    loss, gradient = span_loss(states, gold)
    return loss, list(gradient.tensors())


def our_search(states: PointerStates, band: Optional[int] = None) -> Tensor:
    """Document, label, start, end of each span, sorted."""
    floors = [0.0] * states.n_labels
    cells = []
    for doc, found in enumerate(search_spans(states, floors, max_span_length=band)):
        where = torch.full_like(found.labels, doc)
        columns = [where, found.labels, found.starts, found.ends]
        cells.append(torch.stack(columns, dim=1))
    return torch.unique(torch.cat(cells), dim=0)


def dense_scores(states: PointerStates, tensors: List[Tensor]) -> Tensor:
    """The textbook form: documents padded to the longest, all cells of all labels,
    -inf where none is allowed. Shape (documents, labels, n, n)."""
    queries, keys, *terms = tensors
    n = max(states.lengths)
    places = torch.zeros(len(states.lengths), n, dtype=torch.int64)
    is_token = torch.zeros(len(states.lengths), n, dtype=torch.bool)
    for doc, (offset, length) in enumerate(zip(states.offsets, states.lengths)):
        places[doc, :length] = torch.arange(offset, offset + length)
        is_token[doc, :length] = True
    queries, keys = queries[places], keys[places]
    scores = torch.einsum("bihd,bjhd->bhij", queries, keys) * states.scale
    if states.start is not None:
        scores = scores + terms.pop(0)[places].transpose(1, 2)[:, :, :, None]
    if states.end is not None:
        scores = scores + terms.pop(0)[places].transpose(1, 2)[:, :, None]
    allowed = is_token[:, None, :, None] & is_token[:, None, None]
    allowed = allowed & torch.ones(n, n, dtype=torch.bool).triu()
    return scores.masked_fill(~allowed, -torch.inf)


def dense_loss(states: PointerStates, gold: Tensor) -> Tuple[Tensor, List[Tensor]]:
    leaves = [x.detach().clone().requires_grad_() for x in states.tensors()]
    scores = dense_scores(states, leaves)
    is_gold = torch.zeros_like(scores, dtype=torch.bool)
    is_gold[tuple(gold.T)] = True
    zero = scores.new_zeros(*scores.shape[:2], 1)
    negative = scores.masked_fill(is_gold, -torch.inf).flatten(2)
    positive = (-scores).masked_fill(~is_gold, -torch.inf).flatten(2)
    parts = [torch.cat([zero, x], dim=2).logsumexp(2) for x in (negative, positive)]
    loss = (parts[0] + parts[1]).mean()
    loss.backward()
    return loss.detach(), [leaf.grad for leaf in leaves]


@torch.no_grad()
def dense_search(states: PointerStates, band: Optional[int] = None) -> Tensor:
    above = dense_scores(states, list(states.tensors())) >= 0
    if band is not None:
        above &= torch.ones(above.shape[2:], dtype=torch.bool).tril(band - 1)
    return above.nonzero()


class Limit:
    """The matrix products of the same cells and nothing else, from operands that are
    prepared and into memory that is allocated beforehand: scores; for the loss scores
    twice, as every form that does not hold them must, and the two products of the
    gradient."""

    def __init__(self, states: PointerStates, band: Optional[int] = None) -> None:
        products = replace(states, start=None, end=None)
        self.operands = [
            tuple(x.flatten(0, 1) for x in operands(products, tile))
            for tile in walk(products, max_span_length=band)
        ]
        sizes = [len(q) * q.shape[1] * k.shape[1] for q, k in self.operands]
        self.memory = torch.empty(max(sizes))

    @torch.no_grad()
    def search(self) -> None:
        for queries, keys in self.operands:
            self._scores(queries, keys)

    @torch.no_grad()
    def loss(self) -> None:
        for queries, keys in self.operands:
            self._scores(queries, keys)
            scores = self._scores(queries, keys)
            torch.bmm(scores, keys)
            torch.bmm(scores.transpose(1, 2), queries)

    def _scores(self, queries: Tensor, keys: Tensor) -> Tensor:
        shape = (len(queries), queries.shape[1], keys.shape[1])
        out = self.memory[: prod(shape)].view(shape)
        return torch.bmm(queries, keys.transpose(1, 2), out=out)


def our_head(n_labels: int, shared: bool, label_bias: Optional[float]) -> PointerHead:
    head_class = EfficientGlobalPointerHead if shared else GlobalPointerHead
    return head_class(
        n_input=N_INPUT,
        n_labels=n_labels,
        head_width=WIDTH,
        rope=True,
        label_bias=label_bias,
    )


class FromVectors:
    """Head, loss and gradient from token vectors of one document, ours and
    bert4torch's with the same weights."""

    def __init__(self, n_tokens: int, n_labels: int, shared: bool) -> None:
        from bert4torch.layers import EfficientGlobalPointer, GlobalPointer

        self.vectors = torch.randn(n_tokens, N_INPUT)
        self.ours = our_head(n_labels, shared, None)
        theirs = EfficientGlobalPointer if shared else GlobalPointer
        self.theirs = theirs(N_INPUT, heads=n_labels, head_size=WIDTH)
        state = {k: v.clone() for k, v in self.ours.state_dict().items()}
        with torch.no_grad():
            if shared:
                # Theirs has the query in the first half, ours in the even channels;
                # theirs has start before end.
                halves = torch.cat([torch.arange(i, 2 * WIDTH, 2) for i in (0, 1)])
                swapped = torch.arange(2 * n_labels).view(-1, 2).flip(1).flatten()
                self.theirs.p_dense.weight.copy_(state["projection.weight"][halves])
                self.theirs.p_dense.bias.copy_(state["projection.bias"][halves])
                typing = state["typing.weight"][swapped][:, halves]
                self.theirs.q_dense.weight.copy_(typing)
                self.theirs.q_dense.bias.copy_(state["typing.bias"][swapped])
            else:
                self.theirs.dense.weight.copy_(state["projection.weight"])
                self.theirs.dense.bias.copy_(state["projection.bias"])
        # As many spans for each label: theirs has no other way to fill up.
        n_gold = max(1, n_tokens // 50)
        starts = torch.stack(
            [torch.randperm(n_tokens)[:n_gold] for _ in range(n_labels)]
        )
        ends = (starts + torch.randint(0, 6, starts.shape)).clamp(max=n_tokens - 1)
        self.cells = (starts * n_tokens + ends)[None]
        labels = torch.arange(n_labels)[:, None].expand_as(starts)
        rows = [torch.zeros_like(starts), labels, starts, ends]
        self.gold = torch.stack([row.flatten() for row in rows], dim=1)

    def our_loss(self) -> Tuple[Tensor, Tensor]:
        vectors = self.vectors.clone().requires_grad_()
        states = self.ours(vectors, [len(vectors)])
        loss, gradient = span_loss(states, self.gold)
        torch.autograd.backward(states.tensors(), gradient.tensors())
        return loss, vectors.grad

    def their_loss(self) -> Tuple[Tensor, Tensor]:
        from bert4torch.losses import SparseMultilabelCategoricalCrossentropy

        vectors = self.vectors.clone().requires_grad_()
        scores = self.theirs(vectors[None], torch.ones(1, len(vectors)))
        loss = SparseMultilabelCategoricalCrossentropy()(scores.flatten(2), self.cells)
        loss = loss.mean()
        loss.backward()
        return loss.detach(), vectors.grad
