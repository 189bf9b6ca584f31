"""Digest of the weights that make token vectors."""

from __future__ import annotations

from hashlib import blake2b
from typing import Any, Optional

import torch
from spacy.language import Language
from thinc.api import Model, get_array_module


def weights_digest(model: Model, nlp: Optional[Language]) -> str:
    """Compute a digest of a model's weights. A listener counts as the model that it
    listens to, so `nlp.replace_listeners` does not change the digest.

    model (Model): The model.
    nlp (Optional[Language]): The pipeline with the components that it listens to; None
        if it is not known.
    RETURNS (str): The digest in hexadecimal; empty if the model listens to a component
        that is not known.
    """
    content = blake2b(digest_size=16)
    return content.hexdigest() if _update(content, model, nlp) else ""


def same_weights(one: str, other: str) -> bool:
    """Compare two digests, if both are known."""
    return one == other or not one or not other


def listens(model: Model) -> bool:
    """Return whether a model needs the vectors of another component."""
    return any(node.name.endswith("-listener") for node in model.walk())


def _update(content: Any, model: Model, nlp: Optional[Language]) -> bool:
    """Add the weights of a model to a digest; False if a component is not known."""
    for node in model.walk():
        if node.name.endswith("-listener"):
            upstream = _upstream(node, nlp)
            if upstream is None or not _update(content, upstream, nlp):
                return False
        for name in sorted(node.param_names):
            if node.has_param(name):
                array = node.get_param(name)
                if get_array_module(array).__name__ == "cupy":
                    array = array.get()
                content.update(array.tobytes())
        for shim in node.shims:
            runner = getattr(shim, "runner", None)
            for name, data in sorted(runner.files.items() if runner else ()):
                content.update(name.encode())
                content.update(data)
            module = getattr(shim, "_model", None)
            if isinstance(module, torch.nn.Module):
                for name, tensor in sorted(module.state_dict().items()):
                    content.update(name.encode())
                    own = tensor.detach().cpu().contiguous()
                    content.update(own.flatten().view(torch.uint8).numpy().data)
    return True


def _upstream(listener: Model, nlp: Optional[Language]) -> Optional[Model]:
    for _, pipe in nlp.pipeline if nlp is not None else ():
        if any(own is listener for own in getattr(pipe, "listeners", ())):
            return pipe.model  # type: ignore[attr-defined]
    return None
