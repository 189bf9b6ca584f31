"""Write the training config of a Chinese pipeline: configs/default.cfg, with values
that suit its encoder.

"scratch" stands for one made by `make_encoder.py`: it learns from scratch, at a far
higher rate than one that was pretrained.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from thinc.api import Config

BASE = Path("configs") / "default.cfg"
SCRATCH = "scratch"
RATE = "training.optimizer.learn_rate.initial_rate"
HEAD = "components.global_pointer.model.learn_rate_scale"
CHINESE = {"nlp.lang": "zh"}
FROM_SCRATCH = {
    **{RATE: 1e-3, HEAD: 1.0},
    **{"training.batcher.size": 500, "training.max_steps": 1500},
}
PRETRAINED = {RATE: 5e-5, HEAD: 20.0, "training.max_steps": 420}


def configure(encoder: str, made: str, output: Path, *, base: Path = BASE) -> None:
    """Write a training config.

    encoder (str): "scratch", or the folder or a hub's name of an encoder that was
        pretrained.
    made (str): Folder of the encoder that is trained from scratch.
    output (Path): The config to write.
    base (Path): The config to start from.
    """
    values = FROM_SCRATCH if encoder == SCRATCH else PRETRAINED
    name = made if encoder == SCRATCH else encoder
    overrides = {**CHINESE, **values, "paths.encoder": name}
    config = Config().from_disk(base, interpolate=False, overrides=overrides)
    output.parent.mkdir(parents=True, exist_ok=True)
    config.to_disk(output, interpolate=False)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("encoder", help="folder or hub name of the encoder, or scratch")
    parser.add_argument("made", help="folder of the encoder from scratch")
    parser.add_argument("output", type=Path, help="config to write")
    arguments = parser.parse_args()
    configure(arguments.encoder, arguments.made, arguments.output)
