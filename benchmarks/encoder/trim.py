"""Encoders with trimmed vocabularies: size, equality, time and memory of a training.

    python benchmarks/encoder/trim.py ENCODER OUTPUT zh=CORPUS de=CORPUS …

CORPUS is an output folder of `spacy global-pointer convert`. For each language the
vocabulary is cut to the pieces of train.spacy and of the language's common words. On
the texts of test.spacy the trimmed encoder is compared with the whole one: how many
texts have the same pieces, how far their vectors are apart at most, and how many pieces
all texts have. Then both are trained, embeddings included, with batches of about 1,000
tokens: in turns for the time, in fresh processes for the memory.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any, Dict, List

import torch
from spacy.tokens import DocBin
from spacy.util import load_config
from spacy.vocab import Vocab
from thinc.api import Config

from spacy_globalpointer.benchmarking.memory import memory_on_linux
from spacy_globalpointer.encoders.folders import load_encoder, save_encoder
from spacy_globalpointer.encoders.pretrained import Encoder
from spacy_globalpointer.encoders.trim import trim

PROJECT = Path(__file__).parent.parent.parent
sys.path.insert(0, str(PROJECT / "benchmarks/speed"))
from updates import update_in_turns  # noqa: E402

UPDATES = 15
#: Texts whose vectors are compared.
COMPARED = 300


def main(encoder: str, output: Path, corpora: List[str]) -> None:
    rows = []
    for pair in corpora:
        lang, _, folder = pair.partition("=")
        rows.append(measure(encoder, output / lang, lang, Path(folder)))
    print("| |", " | ".join(row["lang"] for row in rows), "|")
    print("| --- |" + " --- |" * len(rows))
    for name in list(rows[0])[1:]:
        print("|", name, "|", " | ".join(str(row[name]) for row in rows), "|")


def measure(encoder: str, output: Path, lang: str, corpus: Path) -> Dict[str, Any]:
    whole = load_encoder(encoder)
    train, test = (read_texts(corpus / f"{name}.spacy") for name in ("train", "test"))
    result = trim(whole, train, languages=[lang])
    if not output.exists():
        save_encoder(result.encoder, output)
    row: Dict[str, Any] = {
        "lang": lang,
        "pieces kept": f"{len(result.kept):,} of {len(whole.tokenizer):,}",
        "MB on disk": f"{size(output):.0f} of {size(Path(encoder)):.0f}",
        **compare(whole, result.encoder, test),
    }
    configs = {
        name: configure(lang, corpus / "train.spacy", folder)
        for name, folder in (("whole", encoder), ("trimmed", str(output)))
    }
    times = {
        name: statistics.median(updates.seconds)
        for name, updates in update_in_turns(configs, UPDATES, warm_up=2).items()
    }
    row["seconds of an update"] = f"{times['trimmed']:.2f}, whole {times['whole']:.2f}"
    peaks = {name: peak(config) for name, config in configs.items()}
    row["peak MiB of a training"] = f"{peaks['trimmed']:,}, whole {peaks['whole']:,}"
    return row


def read_texts(path: Path) -> List[str]:
    return [doc.text for doc in DocBin().from_disk(path).get_docs(Vocab())]


def size(folder: Path) -> float:
    return sum(path.stat().st_size for path in folder.iterdir()) / 1e6


def compare(whole: Encoder, small: Encoder, texts: List[str]) -> Dict[str, Any]:
    pieces = {"whole": 0, "small": 0}
    equal: List[str] = []
    unknown = 0
    for text in texts:
        before, after = (x.tokenizer.tokenize(text) for x in (whole, small))
        pieces["whole"] += len(before)
        pieces["small"] += len(after)
        unk = whole.tokenizer.unk_token
        unknown += max(0, after.count(unk) - before.count(unk))
        if before == after:
            equal.append(text)
    largest = max(
        float((vectors(whole, text) - vectors(small, text)).abs().max())
        for text in equal[:COMPARED]
    )
    more = pieces["small"] / pieces["whole"] - 1
    return {
        "test texts with the same pieces": f"{len(equal) / len(texts):.1%}",
        "largest difference of their vectors": f"{largest:.0e}",
        "more pieces in all test texts": f"{more:.2%}",
        "more unknown pieces": unknown,
    }


def vectors(encoder: Encoder, text: str) -> torch.Tensor:
    inputs = encoder.tokenizer(text, return_tensors="pt", truncation=True)
    with torch.inference_mode():
        return encoder.module.eval()(**inputs).last_hidden_state


def configure(lang: str, train: Path, encoder: str) -> Config:
    config = load_config(PROJECT / "configs/default.cfg")
    config["paths"].update({"train": str(train), "dev": str(train), "encoder": encoder})
    config["nlp"]["lang"] = lang
    return config


def peak(config: Config) -> int:
    command = [sys.executable, __file__, "--train", "-"]
    output = subprocess.run(
        command, input=config.to_str(), check=True, capture_output=True, text=True
    )
    return int(output.stdout.splitlines()[-1])


def train_alone() -> None:
    config = Config().from_str(sys.stdin.read(), interpolate=False)
    update_in_turns({"alone": config}, UPDATES)
    print(memory_on_linux("VmHWM") // 2**20)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--train"]:
        train_alone()
        sys.exit()
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("encoder")
    parser.add_argument("output", type=Path)
    parser.add_argument("corpora", nargs="+", metavar="LANG=CORPUS")
    main(**vars(parser.parse_args()))
