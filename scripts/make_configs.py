"""Write configs/ anew: a config of each recipe, for a CPU and for a GPU."""

from __future__ import annotations

from pathlib import Path

from spacy_globalpointer.recipes.make import make_config, recipes

FOLDER = Path(__file__).resolve().parent.parent / "configs"


def config_files() -> dict[str, str]:
    """RETURNS (Dict[str, str]): What each file in configs/ is to hold, by its name."""
    files = {}
    for name in recipes():
        files[f"{name}.cfg"] = make_config(name)
        files[f"{name}-gpu.cfg"] = make_config(name, gpu=True)
    return files


if __name__ == "__main__":
    for old in FOLDER.glob("*.cfg"):
        old.unlink()
    for name, config in config_files().items():
        (FOLDER / name).write_text(config, encoding="utf-8")
