"""Distance of a student's vectors from its teacher's."""

from __future__ import annotations

from typing import Any, Sequence, Tuple

import numpy
from numpy.typing import NDArray


def relative_error(own: Any, target: Any) -> Tuple[float, Any]:
    """Compute the squared distance of two arrays, relative to the second.

    own (Any): The student's array, of numpy, CuPy or torch.
    target (Any): The teacher's array, of the same shape and kind.
    RETURNS (Tuple[float, Any]): Σ (own − target)² / Σ target², or 0 if the target is
        all zeros; and its gradient with respect to the student's array.
    """
    difference = own - target
    size = float((target * target).sum()) or float("inf")
    return float((difference * difference).sum()) / size, difference * (2 / size)


def principal_directions(vectors: Sequence[Any], width: int) -> NDArray[numpy.float32]:
    """Find the directions in which vectors are longest. Of all linear maps to a lower
    width, theirs keeps most of the vectors' squared length.

    vectors (Sequence[NDArray]): Arrays of shape (tokens, input width).
    width (int): Number of directions, at most the input width.
    RETURNS (NDArray[numpy.float32]): Shape (input width, width), with orthonormal
        columns. Their signs do not depend on the machine.
    """
    rows = numpy.concatenate(vectors).astype("float64")
    _, directions = numpy.linalg.eigh(rows.T @ rows)
    chosen = directions[:, ::-1][:, :width]
    places = abs(chosen).argmax(axis=0)
    signs = numpy.sign(chosen[places, range(width)])
    return (chosen * signs).astype("float32")
