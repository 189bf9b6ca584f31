"""Changes to the settings of a component in a saved pipeline's config."""

from __future__ import annotations

import configparser
import shutil
from pathlib import Path
from typing import Any, Dict, Optional

from spacy.util import load_config
from thinc.api import Config

from ..atomic import atomic_file, atomic_folder
from ..errors import Errors

CONFIG = "config.cfg"


def check_folders(model: Path, output: Optional[Path]) -> None:
    """Check that a pipeline can be written, before it is tuned.

    model (Path): Folder of the pipeline.
    output (Optional[Path]): Folder for a copy; None for no copy.
    RAISES (ValueError): GP134 if there is no pipeline, GP042 if the output exists,
        GP135 if it is inside the pipeline's folder.
    """
    if not (model / CONFIG).is_file():
        raise ValueError(Errors.GP134.format(path=model))
    if output is None:
        return
    if output.exists():
        raise ValueError(Errors.GP042.format(path=output))
    if model.resolve() in output.resolve().parents:
        raise ValueError(Errors.GP135.format(path=output, model=model))


def write_settings(
    model: Path,
    component: str,
    settings: Dict[str, Any],
    *,
    output: Optional[Path] = None,
) -> Path:
    """Write settings of a component into a pipeline's config.cfg, or into that of a
    copy. Nothing else changes, and no file is ever half-written.

    model (Path): Folder of the pipeline.
    component (str): Name of the component.
    settings (Dict[str, Any]): The settings.
    output (Optional[Path]): Folder for the copy; None changes the pipeline itself.
    RETURNS (Path): The config that was written.
    RAISES (ValueError): As `check_folders`; GP137 if the config would be read back with
        other settings.
    """
    check_folders(model, output)
    text = with_settings(model / CONFIG, component, settings)
    if output is None:
        with atomic_file(model / CONFIG) as draft:
            draft.write_text(text, encoding="utf-8", newline="\n")
        return model / CONFIG
    with atomic_folder(output) as copy:
        shutil.copytree(model, copy, dirs_exist_ok=True)
        (copy / CONFIG).write_text(text, encoding="utf-8", newline="\n")
    return output / CONFIG


def with_settings(path: Path, component: str, settings: Dict[str, Any]) -> str:
    """Change settings of a component in the text of a config. References to other
    sections are kept.

    path (Path): The config.
    component (str): Name of the component.
    settings (Dict[str, Any]): The settings.
    RETURNS (str): The text.
    RAISES (ValueError): GP137 if it would be read back with other settings.
    """
    config: Config = load_config(path, interpolate=False)
    config["components"][component].update(settings)
    text = config.to_str(interpolate=False)
    if not _reads_as(text, config):
        fields = {"path": path, "name": component, "settings": settings}
        raise ValueError(Errors.GP137.format(**fields))
    return text


def _reads_as(text: str, config: Config) -> bool:
    try:
        return bool(Config().from_str(text, interpolate=False) == config)
    except (ValueError, configparser.Error):
        return False
