"""Search for weights that are not finite numbers."""

from __future__ import annotations

from typing import List

from thinc.api import Model, PyTorchShim, get_array_module


def weights_not_finite(model: Model) -> List[str]:
    """Return the names of the weights of a model that contain a NaN or an infinity.

    model (Model): The model. The components that its listeners listen to are not read.
    RETURNS (List[str]): The layer and the parameter of each.
    """
    names = []
    for node in model.walk():
        for name in node.param_names:
            if node.has_param(name):
                weights = node.get_param(name)
                if not get_array_module(weights).isfinite(weights).all():
                    names.append(f"{node.name}.{name}")
        for shim in node.shims:
            if isinstance(shim, PyTorchShim):
                names += [
                    f"{node.name}.{name}"
                    for name, weights in shim._model.named_parameters()
                    if not weights.isfinite().all()
                ]
    return names
