"""Updates per second: our transformer against spacy-transformers'.

    python benchmarks/encoder/steps.py TRAIN.spacy ENCODER

TRAIN.spacy is a corpus such as LitBank's (benchmarks/peers/litbank.py converts it) and
ENCODER a folder. Both pipelines are configs/default.cfg, one with
spacy-transformers' architecture and spaCy's recommended windows; they take turns with
the same batches of training chunks, in float32. The table has the median time of an
update, the part of it that is the optimizer's (the same code for both), and the mean
loss of the last ten updates.
"""

from __future__ import annotations

import statistics
import sys
import time
from pathlib import Path
from typing import Any, Dict, List

from spacy.language import Language
from spacy.training.initialize import init_nlp
from spacy.util import fix_random_seed, load_config, registry

PROJECT = Path(__file__).parent.parent.parent
THEIRS = {
    "@architectures": "spacy-transformers.TransformerModel.v3",
    "get_spans": {
        "@span_getters": "spacy-transformers.strided_spans.v1",
        "window": 128,
        "stride": 96,
    },
}
UPDATES = 60


def main(train: str, encoder: str) -> None:
    pipelines = {
        "spacy-transformers": build(train, encoder, THEIRS),
        "ours": build(train, encoder, None),
    }
    times: Dict[str, List[float]] = {name: [] for name in pipelines}
    parts: Dict[str, List[float]] = {name: [] for name in pipelines}
    losses: Dict[str, List[float]] = {name: [] for name in pipelines}
    batches = {name: make_batches(nlp) for name, nlp in pipelines.items()}
    optimizers = {name: make_optimizer(nlp) for name, nlp in pipelines.items()}
    for step in range(UPDATES):
        for name, nlp in pipelines.items():
            examples = next(batches[name])
            loss: Dict[str, float] = {}
            start = time.perf_counter()
            nlp.update(examples, sgd=False, losses=loss, drop=0.1)
            middle = time.perf_counter()
            for _, component in nlp.pipeline:
                component.finish_update(optimizers[name])
            end = time.perf_counter()
            optimizers[name].step_schedules()
            losses[name].append(loss["global_pointer"])
            if step >= 3:
                times[name].append(end - start)
                parts[name].append(end - middle)
    print("| transformer | s/update | of it the optimizer | × | loss |")
    print("| --- | --- | --- | --- | --- |")
    base = statistics.median(times["spacy-transformers"])
    for name, own in times.items():
        median, part = statistics.median(own), statistics.median(parts[name])
        loss_at_end = statistics.mean(losses[name][-10:])
        row = f"{median:.3f} | {part:.3f} | {base / median:.2f} | {loss_at_end:.1f}"
        print(f"| {name} | {row} |")


def build(train: str, encoder: str, model: Any) -> Language:
    config = load_config(PROJECT / "configs/default.cfg")
    config["paths"].update({"train": train, "dev": train, "encoder": encoder})
    section = config["components"]["transformer"]
    if model is not None:
        section["model"] = {**model, "name": "${paths.encoder}"}
    else:
        section["model"]["precision"] = "fp32"
    fix_random_seed(0)
    return init_nlp(config.interpolate())


def make_batches(nlp: Language) -> Any:
    config = {
        "batcher": nlp.config["training"]["batcher"],
        "corpus": nlp.config["corpora"]["train"],
    }
    resolved = registry.resolve(config)
    return iter(resolved["batcher"](resolved["corpus"](nlp)))


def make_optimizer(nlp: Language) -> Any:
    config = nlp.config["training"]["optimizer"]
    return registry.resolve({"optimizer": config})["optimizer"]


if __name__ == "__main__":
    main(*sys.argv[1:])
