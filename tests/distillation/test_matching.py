"""Distances from a teacher's vectors, and the map to a lower width."""

from __future__ import annotations

import numpy
import pytest
import torch

from spacy_globalpointer.distillation.matching import (
    principal_directions,
    relative_error,
)


def test_error_is_relative_to_the_target():
    own, target = numpy.array([[1.0, 2.0]]), numpy.array([[3.0, 0.0]])
    error, gradient = relative_error(own, target)
    assert error == pytest.approx(8 / 9)
    numpy.testing.assert_allclose(gradient, [[-4 / 9, 4 / 9]])
    assert relative_error(100 * own, 100 * target)[0] == pytest.approx(8 / 9)


def test_gradient_is_that_of_autograd():
    own = torch.randn(4, 3, dtype=torch.float64, requires_grad=True)
    target = torch.randn(4, 3, dtype=torch.float64)
    (((own - target) ** 2).sum() / (target**2).sum()).backward()
    torch.testing.assert_close(relative_error(own.detach(), target)[1], own.grad)


def test_a_target_of_zeros_gives_no_error():
    error, gradient = relative_error(numpy.ones((2, 2)), numpy.zeros((2, 2)))
    assert error == 0 and not gradient.any()


def test_directions_keep_vectors_that_fit_the_lower_width():
    rng = numpy.random.default_rng(0)
    vectors = rng.normal(size=(50, 2)) @ rng.normal(size=(2, 6))
    directions = principal_directions([vectors[:20], vectors[20:]], 2)
    numpy.testing.assert_allclose(directions.T @ directions, numpy.eye(2), atol=1e-6)
    numpy.testing.assert_allclose(vectors @ directions @ directions.T, vectors, 1e-4)


def test_directions_keep_more_than_others_of_their_number():
    rng = numpy.random.default_rng(1)
    vectors = rng.normal(size=(100, 8)) * numpy.arange(1, 9)
    kept = numpy.linalg.norm(vectors @ principal_directions([vectors], 3))
    assert kept > numpy.linalg.norm(vectors[:, :3])
    assert kept >= numpy.linalg.norm(vectors[:, 5:])
