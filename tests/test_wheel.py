"""A packaged pipeline works in another environment."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from helpers import TEXTS, build_transformer, fit, make_examples
from spacy.tokens import DocBin

SCRIPT = Path(__file__).parent.parent / "scripts/check_wheel.py"


@pytest.mark.slow
def test_installed_wheel_gives_the_same_scores(bert_folder, tmp_path):
    encoder = tmp_path / "encoder"
    shutil.copytree(bert_folder, encoder)
    nlp = build_transformer(encoder)
    nlp.config["paths"]["encoder"] = str(encoder)
    fit(nlp, make_examples(nlp))
    nlp.to_disk(tmp_path / "pipeline")
    corpus = tmp_path / "corpus.spacy"
    DocBin(docs=[nlp.make_doc(text) for text in TEXTS]).to_disk(corpus)
    package = ["package", tmp_path / "pipeline", tmp_path, "--name", "toy"]
    spacy_cli = [sys.executable, "-m", "spacy", *package, "--build", "wheel"]
    subprocess.run(list(map(str, spacy_cli)), check=True, capture_output=True)
    [wheel] = tmp_path.glob("*/dist/*.whl")
    command = [sys.executable, SCRIPT, tmp_path / "pipeline", wheel, corpus]
    result = subprocess.run(list(map(str, command)), capture_output=True, text=True)
    assert "4 documents, 8 spans" in result.stdout, result.stderr[-2000:]
    assert encoder.exists()
