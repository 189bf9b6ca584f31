"""Loading of an encoder by name, and saving as a folder that other tools read."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Dict, Optional

from transformers.utils import CONFIG_NAME

from ..atomic import atomic_folder
from ..errors import Errors
from .pretrained import Encoder, load_pretrained
from .storage import encoder_from_pipeline


def load_encoder(
    name: str,
    tokenizer_config: Optional[Dict[str, Any]] = None,
    transformer_config: Optional[Dict[str, Any]] = None,
    *,
    with_weights: bool = True,
) -> Encoder:
    """Load an encoder and its tokenizer.

    name (str): A folder with both, a model's name on a hub, or the folder of a trained
        pipeline or of its transformer (which has its own tokenizer and settings).
    tokenizer_config (Optional[Dict[str, Any]]): Settings for
        `AutoTokenizer.from_pretrained`.
    transformer_config (Optional[Dict[str, Any]]): Settings for
        `AutoConfig.from_pretrained`.
    with_weights (bool): False for an encoder whose weights have shapes but no values,
        which is enough to count word pieces and windows.
    RETURNS (Encoder): The encoder on the CPU, in float32.
    RAISES (ValueError): GP033, GP034, GP035 or GP038 if there is no usable encoder.
    """
    folder = _component_folder(name)
    if folder is not None:
        return encoder_from_pipeline(folder, with_weights=with_weights)
    configs = tokenizer_config or {}, transformer_config or {}
    return load_pretrained(name, *configs, with_weights=with_weights)


def _component_folder(name: str) -> Optional[Path]:
    """Return the folder of a trained transformer, if a path names one."""
    folders = (Path(name), Path(name) / "transformer")
    return next((path for path in folders if (path / "model").is_file()), None)


def check_output(folder: Path, *, replace: bool = False) -> None:
    """Check that an encoder can be saved in a folder.

    folder (Path): The folder.
    replace (bool): Whether to replace another encoder in the folder.
    RAISES (ValueError): GP042 if the folder exists and is not to be replaced, or is not
        an encoder's.
    """
    is_encoder = (folder / CONFIG_NAME).is_file()
    if folder.exists() and not (replace and is_encoder):
        raise ValueError(Errors.GP042.format(path=folder))


def save_encoder(encoder: Encoder, folder: Path, *, replace: bool = False) -> None:
    """Save an encoder and its tokenizer in the format of transformers. The folder
    appears only when it is complete.

    encoder (Encoder): The encoder.
    folder (Path): The folder.
    replace (bool): Whether to replace another encoder in the folder.
    RAISES (ValueError): GP042, see `check_output`.
    """
    check_output(folder, replace=replace)
    with atomic_folder(folder) as draft:
        encoder.module.save_pretrained(draft, safe_serialization=True)
        encoder.tokenizer.save_pretrained(draft)
