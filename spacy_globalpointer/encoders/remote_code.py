"""Code that comes with an encoder, and is not run unless the user says so."""

from __future__ import annotations

import os
from typing import Any, Dict

from ..errors import Errors

#: Environment variable with which a user says so: 1 runs such code.
VARIABLE = "SPACY_GLOBALPOINTER_TRUST_REMOTE_CODE"


def is_trusted() -> bool:
    """RETURNS (bool): Whether the user lets code run that comes with an encoder."""
    return os.environ.get(VARIABLE) == "1"


def with_trust(name: str, settings: Dict[str, Any]) -> Dict[str, Any]:
    """Add to settings for `from_pretrained` whether code may be run. Without that,
    transformers asks on the standard input.

    name (str): The encoder's name, for messages.
    settings (Dict[str, Any]): Settings of the config.
    RETURNS (Dict[str, Any]): They, with `trust_remote_code`.
    RAISES (ValueError): GP065 if they want code to be run, and the user has not said
        so.
    """
    wanted = bool(settings.get("trust_remote_code", is_trusted()))
    if wanted and not is_trusted():
        raise remote_code(name, "its config sets trust_remote_code")
    return {**settings, "trust_remote_code": wanted}


def check_attention(name: str, config: Any) -> None:
    """Check that an encoder computes its attention with no code of a hub.

    name (str): The encoder's name, for messages.
    config (PretrainedConfig): Its settings.
    RAISES (ValueError): GP065 if it does, and the user has not said that it may.
    """
    wanted = getattr(config, "_attn_implementation_internal", None)
    if isinstance(wanted, str) and "/" in wanted and not is_trusted():
        raise remote_code(name, f"its attention is that of {wanted!r}")


def wants_code(error: Exception) -> bool:
    """RETURNS (bool): Whether transformers raised an error because it was not to run
    code.

    error (Exception): The error.
    """
    return "trust_remote_code" in str(error)


def remote_code(name: str, reason: str) -> ValueError:
    """RETURNS (ValueError): GP065.

    name (str): The encoder's name.
    reason (str): Why it needs code.
    """
    fields = {"name": name, "reason": reason, "variable": VARIABLE}
    return ValueError(Errors.GP065.format(**fields))
