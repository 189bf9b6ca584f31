"""Tokens per second of several systems in training and prediction, interleaved."""

from __future__ import annotations

import statistics
import sys
from operator import truediv
from pathlib import Path
from typing import Dict, List

import spacy
from spacy.training import Example
from spacy.util import load_config

from spacy_globalpointer.benchmarking.timings import take_turns, time_stream

sys.path.insert(0, str(Path(__file__).parent.parent / "speed"))
from updates import update_in_turns

#: Tokens of the documents that are predicted: the first ones of the test documents.
TOKENS = 20_000


def measure_training(
    configs: Dict[str, Path], corpus: Path, updates: int
) -> Dict[str, float]:
    """Tokens per second of updates on the dev documents, the optimizer's part included.
    The systems are updated alternately, and the median of their updates counts."""
    dev = str(corpus / "dev.spacy")
    loaded = {system: load_config(path) for system, path in configs.items()}
    for config in loaded.values():
        config["paths"].update({"train": dev, "dev": dev})
    return {
        system: statistics.median(map(truediv, own.tokens, own.seconds))
        for system, own in update_in_turns(loaded, updates).items()
    }


def measure_prediction(
    pipelines: Dict[str, Path], examples: List[Example], turns: int
) -> Dict[str, float]:
    """Tokens per second of pipelines, from text to spans. They predict alternately,
    and the median of their turns counts; one more turn warms up."""
    texts, tokens = [], 0
    for example in examples:
        if tokens < TOKENS:
            texts.append(example.reference.text)
            tokens += len(example.reference)
    loaded = {system: spacy.load(path) for system, path in pipelines.items()}
    functions = {
        system: lambda _, nlp=nlp: time_stream(nlp, texts)
        for system, nlp in loaded.items()
    }
    return {
        system: tokens / statistics.median(own)
        for system, own in take_turns(functions, turns).items()
    }
