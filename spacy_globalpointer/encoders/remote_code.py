"""Code that comes with an encoder, which is run only if the user trusts it."""

from __future__ import annotations

import os
from typing import Any, Dict

from ..errors import Errors

#: Environment variable that allows such code if it is 1.
VARIABLE = "SPACY_GLOBALPOINTER_TRUST_REMOTE_CODE"


def is_trusted() -> bool:
    """Return whether the user trusts code that comes with an encoder."""
    return os.environ.get(VARIABLE) == "1"


def with_trust(name: str, settings: Dict[str, Any]) -> Dict[str, Any]:
    """Add to settings for `from_pretrained` whether code may be run. Without it,
    transformers asks on standard input.

    name (str): The encoder's name, for messages.
    settings (Dict[str, Any]): Settings of the config.
    RETURNS (Dict[str, Any]): The settings with `trust_remote_code`.
    RAISES (ValueError): GP065 if the settings ask to run code that the user does not
        trust.
    """
    wanted = bool(settings.get("trust_remote_code", is_trusted()))
    if wanted and not is_trusted():
        raise remote_code(name, "its config sets trust_remote_code")
    return {**settings, "trust_remote_code": wanted}


def check_attention(name: str, config: Any) -> None:
    """Check that an encoder computes its attention without code from a hub.

    name (str): The encoder's name, for messages.
    config (PretrainedConfig): Its settings.
    RAISES (ValueError): GP065 if it needs such code, and the user does not trust it.
    """
    wanted = getattr(config, "_attn_implementation_internal", None)
    if isinstance(wanted, str) and "/" in wanted and not is_trusted():
        raise remote_code(name, f"its attention is that of {wanted!r}")


def wants_code(error: Exception) -> bool:
    """Check whether transformers raised an error because it may not run code.

    error (Exception): The error.
    """
    return "trust_remote_code" in str(error)


def remote_code(name: str, reason: str) -> ValueError:
    """Return the error GP065.

    name (str): The encoder's name.
    reason (str): Why it needs code.
    """
    fields = {"name": name, "reason": reason, "variable": VARIABLE}
    return ValueError(Errors.GP065.format(**fields))
