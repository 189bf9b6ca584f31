"""The loss of `global_pointer` and its settings."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import (
    TYPE_CHECKING,
    Dict,
    Iterator,
    List,
    Optional,
    Protocol,
    Sequence,
    Tuple,
    Union,
)

from spacy.util import SimpleFrozenDict

from ..errors import Errors
from ..values import Setting, is_number
from .settings import can_be_key

# torch is imported where it is used: spaCy imports this module at every start.
if TYPE_CHECKING:
    from ..pointer.states import PointerStates

#: Weights by inverse frequency: the power of a label's number of gold spans.
POWERS = {"inverse": -1.0, "inverse_sqrt": -0.5}
#: The highest of these weights. With it, spans with a probability of 1 / 11 get 0.5.
HIGHEST_WEIGHT = 10.0
#: The value of {} in a config.
NO_WEIGHTS: Dict[str, float] = SimpleFrozenDict()
#: Document, label, first token, last token (inclusive).
GoldRow = Tuple[int, int, int, int]


def make_span_loss_v1(
    label_weights: Setting = NO_WEIGHTS,
    balance: Setting = 0.0,
    boundary_smoothing: Setting = 0.0,
) -> SpanLoss:
    """Make a `SpanLoss`, registered as `spacy-globalpointer.SpanLoss.v1`.

    label_weights (Union[Dict[str, float], str]): Weights of single labels, or
        "inverse" or "inverse_sqrt".
    balance (float): Weight of the gold spans against all others, between -1 and 1.
    boundary_smoothing (float): Degree that a gold span gives to its neighbours, at
        least 0 and below 1.
    RETURNS (SpanLoss): The loss.
    RAISES (ValueError): GP226 if a number is out of its range.
    """
    return SpanLoss(label_weights, balance, boundary_smoothing)


class Loss(Protocol):
    """Protocol of a loss that `global_pointer` calls. `SpanLoss` is one; a function
    registered in `thinc_losses` may make another."""

    def __call__(
        self,
        states: PointerStates,
        gold: Sequence[GoldRow],
        *,
        weights: Optional[Sequence[float]] = None,
        max_span_length: Optional[int] = None,
    ) -> Tuple[float, PointerStates]:
        """Compute the loss of a batch and its gradient; see `SpanLoss`."""

    def weights_of(
        self, labels: Sequence[str], counts: Dict[str, int]
    ) -> Optional[List[float]]:
        """Return the weight of each label; None if all are 1."""

    def uncounted(self, labels: Sequence[str], counts: Dict[str, int]) -> List[str]:
        """Return the labels whose weight depends on gold spans that were not seen."""


class SpanLoss:
    """Multi-label cross entropy of all spans (`pointer.loss.span_loss`), with settings
    against imbalance.

    label_weights (Union[Dict[str, float], str]): Weights of single labels, 1 for the
        others. With a weight w, log w is subtracted from the label's scores in the
        loss, so the model learns scores that are higher by log w (logit adjustment,
        Menon et al. 2021, arXiv 2007.07314). Without a balance, a doubtful span of
        probability p is then predicted if w · p > 1 − p, which is about a threshold of
        1 / (1 + w). "inverse" divides the number of gold spans of the most common label
        by that of the label, and "inverse_sqrt" takes the square root of that; weights
        are 10 at most.
    balance (float): b in (1 + b) · positive part + (1 − b) · negative part, as in HGA
        (Li et al. 2024, arXiv 2407.06904). Values above 0 give more spans, values below
        0 fewer.
    boundary_smoothing (float): A quarter of this is moved from a gold span to each of
        the four spans whose start or end differs by one token, if there is such a span
        (Zhu & Li 2022, arXiv 2204.12031, with a distance of 1).
    RAISES (ValueError): GP226 if a number is out of its range; GP020 if a config cannot
        hold a label.
    """

    def __init__(
        self,
        label_weights: Union[Dict[str, float], str],
        balance: float,
        boundary_smoothing: float,
    ) -> None:
        if isinstance(label_weights, str):
            known = " or ".join(f'"{name}"' for name in POWERS)
            good = label_weights in POWERS
            _check(
                "label_weights",
                label_weights,
                good,
                f'{known}, or a weight for each label, such as {{"VEH": 3.0}}',
            )
        elif not isinstance(label_weights, dict):
            rule = 'a string, or a number for each label, such as {"VEH": 3.0}'
            _check("label_weights", label_weights, False, rule)
        else:
            for label, weight in label_weights.items():
                if not isinstance(label, str) or not can_be_key(label):
                    fields = {"setting": "label_weights", "label": label}
                    raise ValueError(Errors.GP020.format(**fields))
                good = is_number(weight) and weight > 0
                _check(f"label_weights.{label}", weight, good, "a number above 0")
        good = is_number(balance) and -1 < balance < 1
        _check("balance", balance, good, "a number between -1 and 1")
        good = is_number(boundary_smoothing) and 0 <= boundary_smoothing < 1
        rule = "a number of at least 0 and below 1"
        _check("boundary_smoothing", boundary_smoothing, good, rule)
        self.label_weights = label_weights
        self.balance = balance
        self.boundary_smoothing = boundary_smoothing

    def __call__(
        self,
        states: PointerStates,
        gold: Sequence[GoldRow],
        *,
        weights: Optional[Sequence[float]] = None,
        max_span_length: Optional[int] = None,
    ) -> Tuple[float, PointerStates]:
        """Compute the loss of a batch and its gradient.

        states (PointerStates): The model's output for the batch.
        gold (Sequence[GoldRow]): Its gold spans.
        weights (Optional[Sequence[float]]): The result of `weights_of`.
        max_span_length (Optional[int]): Longest span in tokens; None for no limit.
        RETURNS (Tuple[float, PointerStates]): The loss, and its gradient with respect
            to each tensor of the states.
        RAISES (ValueError): GP048 if there is not one weight per label; GP002 if a gold
            span is not an allowed span of the batch.
        """
        import torch

        from ..pointer.loss import span_loss

        degrees = None
        if self.boundary_smoothing:
            soft = dict(self._soften(gold, states.lengths, max_span_length))
            gold, degrees = list(soft), torch.tensor(list(soft.values()))
        rows = torch.tensor(gold, dtype=torch.int64).reshape(-1, 4)
        loss, gradient = span_loss(
            _lower(states, weights) if weights else states,
            rows,
            degrees=degrees,
            balance=self.balance,
            max_span_length=max_span_length,
        )
        if states.start is None:
            gradient = replace(gradient, start=None)
        return float(loss), gradient

    def weights_of(
        self, labels: Sequence[str], counts: Dict[str, int]
    ) -> Optional[List[float]]:
        """Return the weight of each label.

        labels (Sequence[str]): The labels.
        counts (Dict[str, int]): Number of gold spans by label, seen in initialization.
            A label without gold spans has the weight 1.
        RETURNS (Optional[List[float]]): The weights in the order of the labels; None if
            all are 1.
        RAISES (ValueError): GP016 if `label_weights` names an unknown label.
        """
        if not self.label_weights:
            return None
        if isinstance(self.label_weights, str):
            power = POWERS[self.label_weights]
            most = max((counts.get(label, 0) for label in labels), default=0)
            numbers = [counts.get(label) or most for label in labels]
            raw = [(n / most) ** power if most else 1.0 for n in numbers]
            return [min(weight, HIGHEST_WEIGHT) for weight in raw]
        unknown = sorted(set(self.label_weights) - set(labels))
        if unknown:
            fields = {"setting": "label_weights", "unknown": unknown}
            raise ValueError(Errors.GP016.format(labels=labels, **fields))
        return [self.label_weights.get(label, 1.0) for label in labels]

    def uncounted(self, labels: Sequence[str], counts: Dict[str, int]) -> List[str]:
        """Return the labels whose weight depends on their number of gold spans, but of
        which none was seen."""
        by_number = isinstance(self.label_weights, str)
        return [label for label in labels if by_number and not counts.get(label)]

    def _soften(
        self,
        gold: Sequence[GoldRow],
        lengths: Sequence[int],
        max_span_length: Optional[int],
    ) -> Iterator[Tuple[GoldRow, float]]:
        """Yield the cells with their degrees. A gold span next to another gold span
        stays gold."""
        part = self.boundary_smoothing / 4
        shared: Dict[GoldRow, float] = {}
        kept: Dict[GoldRow, float] = {}
        for doc, label, start, end in gold:
            around = [
                (doc, label, start + left, end + right)
                for left, right in ((-1, 0), (1, 0), (0, -1), (0, 1))
            ]
            near = [x for x in around if _is_span(x, lengths, max_span_length)]
            shared.update((cell, part) for cell in near)
            kept[doc, label, start, end] = 1 - len(near) * part
        yield from {**shared, **kept}.items()


def _lower(states: PointerStates, weights: Sequence[float]) -> PointerStates:
    """Subtract the logarithm of the label's weight from each score."""
    if len(weights) != states.n_labels or not all(0 < w < math.inf for w in weights):
        fields = {"weights": list(weights), "n_labels": states.n_labels}
        raise ValueError(Errors.GP048.format(**fields))
    start = states.start
    if start is None:
        start = states.queries.new_zeros(len(states.queries), states.n_labels)
    return replace(states, start=start - start.new_tensor(weights).log())


def _is_span(row: GoldRow, lengths: Sequence[int], bound: Optional[int]) -> bool:
    doc, _, start, end = row
    return 0 <= start <= end < lengths[doc] and (not bound or end - start < bound)


def _check(name: str, value: object, is_right: bool, rule: str) -> None:
    if not is_right:
        raise ValueError(Errors.GP226.format(name=name, value=value, rule=rule))
