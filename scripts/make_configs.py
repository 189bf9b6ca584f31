"""Write configs/ again: the configs that project.yml and the documentation use.

`spacy global-pointer config` writes those of all other recipes.
"""

from __future__ import annotations

from pathlib import Path

from spacy_globalpointer.recipes.make import make_config

FOLDER = Path(__file__).resolve().parent.parent / "configs"
RECIPES = ("default", "tok2vec", "roberta-en", "bert-zh", "longformer-en")


def config_files() -> dict[str, str]:
    """RETURNS (Dict[str, str]): The content of each file in configs/, by its name."""
    return {f"{name}.cfg": make_config(name) for name in RECIPES}


if __name__ == "__main__":
    for old in FOLDER.glob("*.cfg"):
        old.unlink()
    for name, config in config_files().items():
        (FOLDER / name).write_text(config, encoding="utf-8")
