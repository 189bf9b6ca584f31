"""The script that tests other versions of the requirements."""

from __future__ import annotations

import sys
from importlib.metadata import requires
from pathlib import Path

from packaging.requirements import Requirement

SCRIPTS = Path(__file__).parent.parent / "scripts"
sys.path.insert(0, str(SCRIPTS))

from try_versions import lowest_versions  # noqa: E402


def test_each_requirement_has_a_lowest_version():
    lowest = dict(
        line.split("==") for line in lowest_versions(SCRIPTS.parent / "setup.cfg")
    )
    required = [Requirement(line) for line in requires("spacy-globalpointer") or ()]
    names = {x.name for x in required if x.marker is None}
    assert names <= set(lowest)
    for requirement in required:
        if requirement.name in lowest and requirement.marker is None:
            assert requirement.specifier.contains(lowest[requirement.name])
