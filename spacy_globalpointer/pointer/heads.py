"""The heads of the GlobalPointer papers, which map token vectors to pointer states."""

from __future__ import annotations

from typing import Any, Dict, List, Optional, Sequence, Tuple, cast

import torch
from torch import Tensor, nn

from ..errors import Errors
from .rotation import rotate
from .rounded_states import round_states
from .states import PointerStates

#: Number of tokens that are projected together without a gradient, so that a book needs
#: little memory in addition to the result.
CHUNK = 2**14
# Standard deviation of a unit normal that is cut off at ±2.
_TRUNCATED_STD = 0.87962566103423978


#: Queries, keys, start terms and end terms.
Projections = Tuple[Tensor, Tensor, Optional[Tensor], Optional[Tensor]]


class PointerHead(nn.Module):
    """Base class of both heads, with their common settings and forward pass.

    n_input (int): Width of a token vector.
    n_labels (int): Labels to score.
    head_width (int): Width of queries and keys; even, for the rotation.
    rope (bool): Rotate queries and keys by their position.
    label_bias (Optional[float]): Initial value of each label's constant.
    label_blocks (Sequence[int]): Sizes of the groups of labels that are projected by a
        product each, as `with_labels` sets them; empty for one product for all labels.
    RAISES (ValueError): GP003 if a size is not positive or head_width is odd.
    """

    #: Parameters with rows for each label, in label order. The other parameters are
    #: shared by all labels.
    by_label: Tuple[str, ...] = ()

    def __init__(
        self,
        *,
        n_input: int,
        n_labels: int,
        head_width: int,
        rope: bool,
        label_bias: Optional[float],
        label_blocks: Sequence[int] = (),
    ) -> None:
        super().__init__()
        if min(n_input, n_labels, head_width) < 1 or head_width % 2:
            raise ValueError(
                Errors.GP003.format(
                    n_input=n_input, n_labels=n_labels, head_width=head_width
                )
            )
        self.n_input = n_input
        self.n_labels = n_labels
        self.head_width = head_width
        self.rope = rope
        self.label_bias = label_bias
        self.label_blocks = tuple(label_blocks)
        self.dropout = nn.Dropout(0.0)

    def settings(self) -> Dict[str, Any]:
        """Return the arguments that rebuild this head."""
        names = ["n_input", "n_labels", "head_width", "rope", "label_bias"]
        if self.label_blocks:
            names.append("label_blocks")
        return {name: getattr(self, name) for name in names}

    def with_labels(self, n_labels: int) -> PointerHead:
        """Make a head with more labels. The new labels are initialized as in a new
        head.

        The scores of the old labels are bit-equal. A product of another size may round
        differently, so each group of labels keeps its own product until `merge_labels`.

        n_labels (int): Labels of the new head.
        RETURNS (PointerHead): The new head.
        RAISES (ValueError): GP080 if it would have fewer labels.
        """
        added = n_labels - self.n_labels
        if added < 0:
            fields = {"old": self.n_labels, "new": n_labels}
            raise ValueError(Errors.GP080.format(**fields))
        if not added:
            return self
        settings = {**self.settings(), "label_blocks": ()}
        own = self.state_dict()
        fresh = type(self)(**{**settings, "n_labels": added}).state_dict()
        for name in self.by_label:
            if name in own:
                own[name] = torch.cat([own[name], fresh[name].to(own[name])])
        blocks = (*(self.label_blocks or [self.n_labels]), added)
        settings.update(n_labels=n_labels, label_blocks=blocks)
        with torch.device("meta"):  # the values are replaced, so do not initialize them
            head = type(self)(**settings)
        head.load_state_dict(own, assign=True)
        return head

    def merge_labels(self) -> None:
        """Project all labels by one product again, once their weights have changed."""
        self.label_blocks = ()

    def _project_labels(self, layer: nn.Linear, x: Tensor) -> Tensor:
        """Apply a layer of `by_label`, with a product for each block of labels."""
        if not self.label_blocks:
            return cast(Tensor, layer(x))
        per_label = layer.out_features // self.n_labels
        sizes = [per_label * n for n in self.label_blocks]
        blocks = zip(layer.weight.split(sizes), layer.bias.split(sizes))
        return torch.cat([nn.functional.linear(x, *block) for block in blocks], dim=1)

    def forward(self, vectors: Tensor, lengths: Sequence[int]) -> PointerStates:
        """Project the token vectors of a batch of documents.

        vectors (Tensor): Shape (tokens, n_input).
        lengths (Sequence[int]): Tokens of each document; they sum to tokens.
        RETURNS (PointerStates): The states, scale 1 / √head_width.
        """
        positions = torch.cat([torch.arange(n) for n in (0, *lengths)])
        if torch.is_grad_enabled() or len(vectors) <= CHUNK:
            queries, keys, start, end = self._project(vectors, positions)
        else:
            queries, keys, start, end = self._project_in_chunks(vectors, positions)
        return PointerStates(
            queries=queries,
            keys=keys,
            start=start,
            end=end,
            lengths=tuple(lengths),
            scale=self.head_width**-0.5,
            covered=vectors.detach().ne(0).any(dim=1),
        )

    def search_states(self, vectors: Tensor, lengths: Sequence[int]) -> PointerStates:
        """Compute states for `search_spans`, which finds the same spans as with those
        of `forward`, in less time where a CPU computes fast in bfloat16. Scores differ
        by rounding: 10⁻⁶ of their size.

        vectors (Tensor): Shape (tokens, n_input).
        lengths (Sequence[int]): Tokens of each document; they sum to tokens.
        RETURNS (PointerStates): The states.
        """
        return cast(PointerStates, self(vectors, lengths))

    def _project(self, vectors: Tensor, positions: Tensor) -> Projections:
        queries, keys, start, end = self.project(self.dropout(vectors))
        if self.rope:
            queries, keys = rotate(queries, positions), rotate(keys, positions)
        return queries, keys, start, end

    def _project_in_chunks(self, vectors: Tensor, positions: Tensor) -> Projections:
        results: List[Optional[Tensor]] = [None] * 4
        for first in range(0, len(vectors), CHUNK):
            part = slice(first, first + CHUNK)
            for i, x in enumerate(self._project(vectors[part], positions[part])):
                if x is not None:
                    if results[i] is None:
                        results[i] = x.new_empty(len(vectors), *x.shape[1:])
                    cast(Tensor, results[i])[part] = x
        return cast(Projections, tuple(results))

    def project(self, vectors: Tensor) -> Projections:
        """Compute queries, keys, start and end terms; see `PointerStates`."""
        raise NotImplementedError


class GlobalPointerHead(PointerHead):
    """Head with one pair of projections per label (Su, https://kexue.fm/archives/8373).

    A single linear layer computes, for each label, first the query, then the key, as in
    the original code (bert4keras, `GlobalPointer`). The constant of each label is not
    in the original; label_bias=None leaves it out. With it, an untrained head predicts
    almost no spans instead of half of all.
    """

    by_label = ("projection.weight", "projection.bias", "bias")

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        size = self.n_labels * self.head_width * 2
        self.projection = nn.Linear(self.n_input, size)
        _lecun_normal_(self.projection)
        if self.label_bias is not None:
            self.bias = nn.Parameter(torch.full((self.n_labels,), self.label_bias))

    def project(self, vectors: Tensor) -> Projections:
        projected = self._project_labels(self.projection, vectors)
        projected = projected.view(len(vectors), self.n_labels, 2 * self.head_width)
        queries, keys = projected.split(self.head_width, dim=-1)
        if self.label_bias is None:
            return queries, keys, None, None
        return queries, keys, self.bias.expand(len(vectors), -1), None

    def search_states(self, vectors: Tensor, lengths: Sequence[int]) -> PointerStates:
        """Compute rounded states; see `PointerHead.search_states`."""
        bias = None if self.label_bias is None else self.bias.detach()
        return round_states(
            *(self.projection, bias, vectors, lengths),
            n_labels=self.n_labels,
            rope=self.rope,
        )


class EfficientGlobalPointerHead(PointerHead):
    """Head with one shared pair of projections, and a linear term per label for start
    and end (Su, https://kexue.fm/archives/8877).

    As in the original code (bert4keras, `EfficientGlobalPointer`), even channels of the
    projection are the query and odd ones the key. The linear terms are computed from it
    before the rotation, are halved, and alternate end, start. Their bias is the
    constant of each label. Its initial value is label_bias; None means 0, as in the
    original.
    """

    by_label = ("typing.weight", "typing.bias")

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.projection = nn.Linear(self.n_input, 2 * self.head_width)
        self.typing = nn.Linear(2 * self.head_width, 2 * self.n_labels)
        _lecun_normal_(self.projection)
        _lecun_normal_(self.typing)
        nn.init.constant_(self.typing.bias, self.label_bias or 0.0)

    def project(self, vectors: Tensor) -> Projections:
        projected = self.projection(vectors)
        terms = self._project_labels(self.typing, projected) / 2
        queries, keys = projected[:, None, 0::2], projected[:, None, 1::2]
        return queries, keys, terms[:, 1::2], terms[:, 0::2]


HEADS: Dict[str, type[PointerHead]] = {
    "GlobalPointer": GlobalPointerHead,
    "EfficientGlobalPointer": EfficientGlobalPointerHead,
}


def _lecun_normal_(layer: nn.Linear) -> None:
    """Initialize as in the original code: a normal distribution cut off at two standard
    deviations."""
    std = layer.in_features**-0.5 / _TRUNCATED_STD
    nn.init.trunc_normal_(layer.weight, std=std, a=-2 * std, b=2 * std)
    nn.init.zeros_(layer.bias)
