"""Digest of the weights that make a component's token vectors."""

from __future__ import annotations

from hashlib import blake2b
from typing import Any, List, Optional

import torch
from spacy.language import Language
from thinc.api import Model, get_array_module


def weights_digest(model: Model, nlp: Optional[Language]) -> str:
    """Compute a digest of a model's weights, and of those that it listens to.

    model (Model): The model.
    nlp (Optional[Language]): The pipeline with the components that it listens to; None
        if it is not known.
    RETURNS (str): Two digests in hexadecimal, joined by ":": of the model alone, and
        with the others. The second one is empty if a component is not known.
    """
    content = blake2b(digest_size=16)
    listeners = _update(content, model)
    own = content.hexdigest()
    for listener in listeners:
        upstream = _upstream(listener, nlp)
        if upstream is None:
            return f"{own}:"
        _update(content, upstream)
    return f"{own}:{content.hexdigest()}"


def same_weights(one: str, other: str) -> bool:
    """Compare two digests, as far as both are known."""
    return all(
        a == b or not a or not b for a, b in zip(one.split(":"), other.split(":"))
    )


def _update(content: Any, model: Model) -> List[Model]:
    """Add the weights of a model to a digest, and return its listeners."""
    listeners = []
    for node in model.walk():
        if node.name.endswith("-listener"):
            listeners.append(node)
        for name in sorted(node.param_names):
            if node.has_param(name):
                array = node.get_param(name)
                if get_array_module(array).__name__ == "cupy":
                    array = array.get()
                content.update(array.tobytes())
        for shim in node.shims:
            module = getattr(shim, "_model", None)
            if isinstance(module, torch.nn.Module):
                for name, tensor in sorted(module.state_dict().items()):
                    content.update(name.encode())
                    own = tensor.detach().cpu().contiguous()
                    content.update(own.flatten().view(torch.uint8).numpy().data)
    return listeners


def _upstream(listener: Model, nlp: Optional[Language]) -> Optional[Model]:
    for _, pipe in nlp.pipeline if nlp is not None else ():
        if any(own is listener for own in getattr(pipe, "listeners", ())):
            return pipe.model  # type: ignore[attr-defined]
    return None
