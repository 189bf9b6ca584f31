"""Shapes of charts."""

from __future__ import annotations

import numpy
from spacy.scorer import PRFScore

from spacy_globalpointer.evaluation.curves import make_curve
from spacy_globalpointer.report.charts import draw_curve, thin_out


def test_few_points_are_drawn_and_the_last_is_one_of_them():
    generator = numpy.random.default_rng(0)
    scores, right = generator.random(5000), generator.random(5000) < 0.5
    curve = make_curve(scores, right, 3000)
    recall, precision = thin_out(curve, 50)
    assert len(recall) <= 2 * 51 and (numpy.diff(recall) >= 0).all()
    assert (recall[-1], precision[-1]) == (curve.recall[-1], curve.precision[-1])
    assert precision.max() == curve.precision.max()


def test_a_curve_without_candidates_has_no_line():
    curve = make_curve([], [], 3)
    assert [len(x) for x in thin_out(curve, 10)] == [0, 0]
    assert "curve" not in {line.kind for line in draw_curve(curve, PRFScore()).lines}


def test_the_dot_is_at_recall_and_precision():
    chart = draw_curve(make_curve([0.9], [True], 2), PRFScore(tp=1, fp=0, fn=1))
    [dot] = chart.dots
    assert (dot.x, dot.y) == chart.at(0.5, 1.0)
