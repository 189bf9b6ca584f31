"""Keys of spans: their features, centred and whitened."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

#: Part of the mean variance that is added to the variance of each component, because
#: the lowest variances of a sample are too low.
SHRINKAGE = 0.1


@dataclass(frozen=True, eq=False)
class Whitening:
    """Linear map to the principal components of features, each divided by its standard
    deviation. All vectors of an encoder are similar before that.

    mean (Tensor): Shape (features,), float32.
    matrix (Tensor): Shape (features, width), float32.
    """

    mean: Tensor
    matrix: Tensor

    @classmethod
    def fit(cls, features: Tensor, width: int) -> Whitening:
        """Fit a map to a sample.

        features (Tensor): Shape (spans, features), at least two spans.
        width (int): Number of components. It becomes less if there are fewer spans or
            features.
        RETURNS (Whitening): The map.
        """
        sample = features.double()
        mean = sample.mean(0)
        centred = sample - mean
        covariance = centred.T @ centred / (len(sample) - 1)
        variances, directions = torch.linalg.eigh(covariance)  # ascending
        width = min(width, len(sample) - 1, len(mean))
        variances, directions = variances.flip(0)[:width], directions.flip(1)[:, :width]
        shrunk = variances.clamp(min=0) + SHRINKAGE * variances.clamp(min=0).mean()
        matrix = directions / shrunk.clamp(min=1e-12).sqrt()
        return cls(mean.float(), matrix.float())

    def keys(self, features: Tensor) -> Tensor:
        """Return the keys of spans, of length 1: their products are cosines.

        features (Tensor): Shape (spans, features), float32.
        RETURNS (Tensor): Shape (spans, width), float32. They are computed in float64
            and rounded once, so that a key does not depend on the other spans.
        """
        centred = features.double() - self.mean
        return F.normalize(centred @ self.matrix.double(), dim=1).float()
