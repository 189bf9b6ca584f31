"""Files for the host of the repository: they parse, and agree with the package."""

from __future__ import annotations

import re
from configparser import ConfigParser

import pytest
import srsly
from doc_pages import ROOT

from spacy_globalpointer import __version__

FILES = sorted([*ROOT.glob(".github/**/*.yml"), ROOT / ".pre-commit-config.yaml"])
WORKFLOWS = sorted(ROOT.glob(".github/workflows/*.yml"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_yaml_is_a_mapping(path):
    assert isinstance(srsly.read_yaml(path), dict)


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_workflows_call_what_exists(path):
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = re.findall(r"^([\w -]+):(?!=)", makefile, flags=re.MULTILINE)
    known = {target for line in targets for target in line.split()}
    for job in srsly.read_yaml(path)["jobs"].values():
        choices = job.get("strategy", {}).get("matrix", {}).get("include", [{}])
        for line in "\n".join(step.get("run", "") for step in job["steps"]).split("\n"):
            words = line.split()
            if words[:1] == ["make"]:
                which = [c.get("which", "") for c in choices]
                names = {re.sub(r"\$\{\{.*?\}\}", w, line).split()[1] for w in which}
                assert names <= known
            if words[:1] == ["pytest"]:
                paths = [word for word in words if word.startswith("tests/")]
                assert paths and all((ROOT / path).exists() for path in paths)


def test_every_python_is_tested():
    setup = (ROOT / "setup.cfg").read_text(encoding="utf-8")
    versions = re.findall(r"Python :: (3\.\d+)", setup)
    jobs = srsly.read_yaml(ROOT / ".github/workflows/tests.yml")["jobs"]
    assert jobs["test"]["strategy"]["matrix"]["python"] == versions


def test_citation_has_version_and_address_of_the_package():
    citation = srsly.read_yaml(ROOT / "CITATION.cff")
    setup = ConfigParser(interpolation=None)
    setup.read(ROOT / "setup.cfg", encoding="utf-8")
    assert citation["version"] == __version__
    assert citation["repository-code"] == setup["metadata"]["url"]
