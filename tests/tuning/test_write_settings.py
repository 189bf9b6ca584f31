"""Settings written into a config are read again before it is replaced."""

from __future__ import annotations

import os

import pytest
from helpers import build

from spacy_globalpointer.tuning.write_settings import write_settings

NAME = "global_pointer"


@pytest.mark.parametrize(
    "labels",
    [["#PER"], [";PER"], ["[PER]"], [" PER"], [" PER", "PER"], ["PER\nORG"], ["A=B"]],
)
@pytest.mark.parametrize("copy", [False, True])
def test_settings_that_a_config_would_lose_are_not_written(tmp_path, labels, copy):
    build().to_disk(model := tmp_path / "model")
    before = (model / "config.cfg").read_bytes()
    settings = {"threshold": 0.4, "thresholds": dict.fromkeys(labels, 0.3)}
    output = tmp_path / "copy" if copy else None
    with pytest.raises(ValueError, match="GP137"):
        write_settings(model, NAME, settings, output=output)
    assert (model / "config.cfg").read_bytes() == before
    assert os.listdir(tmp_path) == ["model"]
