"""Labels as keys of a config, against what a config gives back."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from spacy.util import registry
from thinc.api import Config

from spacy_globalpointer.pipeline.settings import can_be_key

special = st.text(" \t\n\r\x0b\x85\u2028:=#;[]@$%{}*.\"'AB", max_size=5)


@given(label=st.text(max_size=5) | special)
@example("A.B")
@example("A # B")
@example("${a.b}")
@example("%(A)s")
@example("*")
@example("DEFAULT")
def test_config_returns_every_valid_key(label):
    if not can_be_key(label):
        return
    section = {"a": {"thresholds": {label: 0.25, "PER": 0.5}, "behind": 1}}
    text = Config(section).to_str(interpolate=False)
    assert registry.resolve(Config().from_str(text)) == section


@pytest.mark.parametrize(
    "label", ["PER", "per", "work of art", "B-PER", "GPE/LOC", "人"]
)
def test_common_labels_can_be_keys(label):
    assert can_be_key(label)


@pytest.mark.parametrize(
    "label",
    ["", "#PER", ";PER", "[PER]", "@PER", " PER", "PER ", "PER\nORG", "A:B", "A=B"],
)
def test_text_that_a_config_loses_cannot_be_a_key(label):
    assert not can_be_key(label)
