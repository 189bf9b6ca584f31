"""Calibration error and temperature."""

from __future__ import annotations

import numpy
import pytest

from spacy_globalpointer.evaluation.calibration import (
    expected_calibration_error,
    fit_temperature,
    reliability_bins,
)


def sample(temperature, n=20_000):
    """Scores, and which spans are right if σ(s / temperature) is their chance."""
    random = numpy.random.default_rng(0)
    scores = random.normal(0, 1, n)
    chance = 1 / (1 + numpy.exp(-scores / temperature))
    return scores, random.random(n) < chance


def loss(scores, right, temperature):
    logits = scores / temperature
    return numpy.mean(numpy.logaddexp(0, logits) - right * logits)


def sigmoid(scores, temperature=1.0):
    return 1 / (1 + numpy.exp(-scores / temperature))


def test_error_equals_a_count_by_hand():
    probabilities = numpy.array([0.95, 0.99, 0.4, 0.1])
    right = numpy.array([True, False, True, False])
    # The bins of a tenth: two spans of 0.97 on average, half of them right, and others.
    expected = (2 * (0.97 - 0.5) + (1 - 0.4) + 0.1) / 4
    assert expected_calibration_error(probabilities, right, 10) == pytest.approx(
        expected
    )


def test_bins_include_their_upper_edge():
    probabilities = numpy.array([0.0, 0.5, 0.5000001, 1.0])
    bins = reliability_bins(probabilities, numpy.ones(4), 2)
    assert [(one.low, one.high, one.n) for one in bins] == [(0, 0.5, 2), (0.5, 1, 2)]


def test_only_true_probabilities_have_a_small_error():
    scores, right = sample(2.0)
    assert expected_calibration_error(sigmoid(scores, 2.0), right) < 0.02
    assert expected_calibration_error(sigmoid(scores), right) > 0.05


def test_no_span_has_no_error():
    assert expected_calibration_error(numpy.zeros(0), numpy.zeros(0)) == 0


@pytest.mark.parametrize("temperature", [0.5, 1.0, 3.0])
def test_fit_recovers_the_temperature(temperature):
    scores, right = sample(temperature)
    assert fit_temperature(scores, right) == pytest.approx(temperature, rel=0.05)


def test_temperature_is_found_from_high_scores_alone():
    """What lies below a bound on the score is missing, and does not skew the fit."""
    scores, right = sample(3.0)
    seen = sigmoid(scores) >= 0.02
    assert fit_temperature(scores[seen], right[seen]) == pytest.approx(3.0, rel=0.05)


def test_fitted_temperature_has_the_highest_likelihood():
    scores, right = sample(1.7, n=300)
    found = fit_temperature(scores, right)
    others = numpy.geomspace(0.1, 10, 200)
    best = min(loss(scores, right, other) for other in others)
    assert loss(scores, right, found) <= best + 1e-9


def test_temperature_has_bounds():
    scores = numpy.array([1.0, 2.0, -1.0])
    assert fit_temperature(scores, scores > 0) == 0.1
    assert fit_temperature(scores, scores < 0) == 10
    assert fit_temperature(numpy.zeros(0), numpy.zeros(0)) == 1.0
