"""Write the training config of a Chinese pipeline: that of a recipe, as `spacy
global-pointer config` lists them. "scratch" takes the encoder that `make_encoder.py`
has made, any other its own.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from spacy_globalpointer.recipes.make import make_config

SCRATCH = "scratch"
#: Recipes for any language.
ANY = (SCRATCH, "lengthened", "multilingual")


def configure(recipe: str, made: str, output: Path) -> None:
    """Write a training config.

    recipe (str): Name of a recipe.
    made (str): Folder of the encoder that is trained from scratch.
    output (Path): The config to write.
    """
    if recipe not in ANY and not recipe.endswith("-zh"):
        raise SystemExit(f"The recipe {recipe} is not for Chinese: take one in -zh.")
    encoder = made if recipe == SCRATCH else None
    output.parent.mkdir(parents=True, exist_ok=True)
    config = make_config(recipe, lang="zh", encoder=encoder)
    output.write_text(config, encoding="utf-8")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("recipe", help="name of a recipe")
    parser.add_argument("made", help="folder of the encoder from scratch")
    parser.add_argument("output", type=Path, help="config to write")
    arguments = parser.parse_args()
    configure(arguments.recipe, arguments.made, arguments.output)
