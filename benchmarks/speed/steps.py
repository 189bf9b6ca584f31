"""Updates per second: our transformer against spacy-transformers'.

    python benchmarks/speed/steps.py TRAIN.spacy ENCODER

TRAIN.spacy is a corpus such as LitBank's, which `spacy project run litbank` converts,
and ENCODER a folder. All pipelines are configs/default.cfg, one with
spacy-transformers' architecture and spaCy's recommended windows, and two with torch's
own dropout or gradient of embeddings instead of those of encoders/cpu_training.py. They
are updated alternately with the same batches of training chunks, in float32. The table
has the median time of an update, the part of it that is the optimizer's (the same code
for all), and the mean loss of the last ten updates.
"""

from __future__ import annotations

import argparse
import statistics
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from typing import Any, ContextManager, Dict, Optional
from unittest import mock

from spacy.util import load_config
from thinc.api import Config
from updates import update_in_turns

from spacy_globalpointer.encoders.runners import torch_runner

PROJECT = Path(__file__).parent.parent.parent
THEIRS = {
    "@architectures": "spacy-transformers.TransformerModel.v3",
    "get_spans": {
        "@span_getters": "spacy-transformers.strided_spans.v1",
        "window": 128,
        "stride": 96,
    },
}
UPDATES = 57
#: What is left out of ours.
WITHOUT = {
    "ours, torch's dropout": "QuickDropout",
    "ours, torch's gradient of embeddings": "EmbeddingRows",
}


def without(part: str) -> ContextManager:
    return mock.patch.object(torch_runner, part, nullcontext)


def main(train: str, encoder: str) -> None:
    configs = {
        "spacy-transformers": configure(train, encoder, THEIRS),
        **{name: configure(train, encoder, None) for name in ("ours", *WITHOUT)},
    }
    around = {name: partial(without, part) for name, part in WITHOUT.items()}
    results = update_in_turns(configs, UPDATES, warm_up=3, around=around)
    print("| transformer | s/update | of it the optimizer | × | loss |")
    print("| --- | --- | --- | --- | --- |")
    base = statistics.median(results["spacy-transformers"].seconds)
    for name, own in results.items():
        median = statistics.median(own.seconds)
        part = statistics.median(own.optimizing)
        loss = statistics.mean(x["global_pointer"] for x in own.losses[-10:])
        row = f"{median:.3f} | {part:.3f} | {base / median:.2f} | {loss:.1f}"
        print(f"| {name} | {row} |")


def configure(train: str, encoder: str, model: Optional[Dict[str, Any]]) -> Config:
    config = load_config(PROJECT / "configs/default.cfg")
    config["paths"].update({"train": train, "dev": train, "encoder": encoder})
    section = config["components"]["transformer"]
    if model is not None:
        section["model"] = {**model, "name": "${paths.encoder}"}
    else:
        section["model"]["precision"] = "fp32"
    return config


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("train")
    parser.add_argument("encoder")
    main(**vars(parser.parse_args()))
