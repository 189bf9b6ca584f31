"""What the tests of pre-training share: texts, and small models on them."""

from __future__ import annotations

import random
from pathlib import Path

import numpy
import torch
from small_encoders import make_bert

from spacy_globalpointer.encoders.folders import load_encoder
from spacy_globalpointer.pretraining.pretrain import pretrain
from spacy_globalpointer.pretraining.run import Run
from spacy_globalpointer.pretraining.sequences import PieceSequence
from spacy_globalpointer.pretraining.settings import PretrainSettings
from spacy_globalpointer.pretraining.texts import find_texts

CPU = torch.device("cpu")
SMALL = {"steps": 6, "batch_size": 4, "length": 32, "learn_rate": 1e-3}


def write_texts(folder: Path, *, n: int = 40, words: int = 30, seed: int = 0) -> Path:
    """A file with n texts of random letters."""
    draws = random.Random(seed)
    lines = (
        " ".join("".join(draws.choices("abcdef", k=3)) for _ in range(words))
        for _ in range(n)
    )
    path = folder / "texts.jsonl"
    path.write_text("".join(f'{{"text": "{line}"}}\n' for line in lines))
    return path


def make_run(folder: Path, *, make=make_bert, **settings) -> Run:
    """A run on random texts that has not begun."""
    (folder / "encoder").mkdir(exist_ok=True)
    encoder = load_encoder(str(make(folder / "encoder")))
    files = find_texts([write_texts(folder)])
    return Run(encoder, files, PretrainSettings(**{**SMALL, **settings}), CPU)


def run_pretrain(folder: Path, output: str = "out", *, settings=None, **options):
    """Pre-train the encoder in folder/encoder on folder/texts.jsonl."""
    chosen = PretrainSettings(**{**SMALL, **(settings or {})})
    paths = folder / "encoder", [folder / "texts.jsonl"], folder / output
    name, texts, target = str(paths[0]), paths[1], paths[2]
    return pretrain(name, texts, target, chosen, device=CPU, **options)


def pieces(ids, begins=None) -> PieceSequence:
    """A sequence, each piece a word if nothing else is said."""
    ids = numpy.array(ids, dtype="int32")
    begins = numpy.ones(len(ids)) if begins is None else begins
    return PieceSequence(ids, numpy.array(begins, dtype=bool))
