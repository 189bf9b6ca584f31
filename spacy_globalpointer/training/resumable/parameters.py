"""The parameters of a pipeline, by names that are the same in every process."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Dict, Iterator, Optional, Tuple, Union, cast

from spacy.language import Language
from thinc.api import Model, PyTorchShim, Shim
from thinc.types import FloatsXd
from thinc.util import torch2xp, xp2torch

#: Name of a parameter in an optimizer: the number of its node, which differs between
#: processes, and its own name.
Key = Tuple[int, str]


@dataclass(frozen=True)
class NodeParameter:
    """A parameter of a Thinc node.

    node (Model): The node.
    name (str): The parameter's name in it.
    """

    node: Model
    name: str

    @property
    def key(self) -> Key:
        """Return the optimizer's name of the parameter."""
        return self.node.id, self.name

    @property
    def gradient(self) -> Optional[FloatsXd]:
        """Return the gradient; None if there was none yet."""
        return self.node.maybe_get_grad(self.name)

    def set_gradient(self, gradient: Optional[FloatsXd]) -> None:
        """Set the gradient; None for zeros."""
        if gradient is None:
            gradient = self.node.ops.alloc(self.node.get_param(self.name).shape)
        self.node.set_grad(self.name, gradient)


@dataclass(frozen=True)
class TorchParameter:
    """A parameter of a torch module in a Thinc node.

    shim (PyTorchShim): The shim around the module.
    name (str): The parameter's name in it.
    parameter (Any): The parameter.
    """

    shim: PyTorchShim
    name: str
    parameter: Any

    @property
    def key(self) -> Key:
        """Return the optimizer's name of the parameter."""
        return self.shim.id, self.name

    @property
    def gradient(self) -> Optional[FloatsXd]:
        """Return the gradient; None if there was none yet."""
        gradient = self.parameter.grad
        return None if gradient is None else cast(FloatsXd, torch2xp(gradient))

    def set_gradient(self, gradient: Optional[FloatsXd]) -> None:
        """Set the gradient; None for zeros."""
        import torch

        if gradient is None:
            self.parameter.grad = torch.zeros_like(self.parameter)
        else:
            device = self.parameter.device
            self.parameter.grad = xp2torch(gradient, device=device)


Parameter = Union[NodeParameter, TorchParameter]


def find_parameters(nlp: Language) -> Dict[str, Parameter]:
    """Name every parameter by its place in the pipeline.

    nlp (Language): The initialized pipeline.
    RETURNS (Dict[str, Parameter]): By component, number of the node in its model, and
        name in the node or in the torch module; a parameter that several components
        share is that of the first.
    """
    found: Dict[str, Parameter] = {}
    seen = set()
    for place, holder in _holders(nlp):
        for parameter in _parameters(holder):
            if parameter.key not in seen:
                seen.add(parameter.key)
                found[f"{place}/{parameter.name}"] = parameter
    return found


def find_shims(nlp: Language) -> Dict[str, PyTorchShim]:
    """Find the shims around the torch modules of a pipeline.

    nlp (Language): The pipeline.
    RETURNS (Dict[str, PyTorchShim]): The shims by their places.
    """
    holders = _holders(nlp)
    return {place: x for place, x in holders if isinstance(x, PyTorchShim)}


@contextmanager
def same_modules(nlp: Language) -> Iterator[None]:
    """Load weights into the torch modules that a pipeline has. Otherwise some shims
    make new modules, from settings that were rounded when they were stored.

    nlp (Language): The initialized pipeline.
    """
    shims = find_shims(nlp).values()
    before = [dict(vars(shim)) for shim in shims]
    yield
    for shim, attributes in zip(shims, before):
        loaded = shim._model.state_dict()
        vars(shim).update(attributes)
        shim._model.load_state_dict(loaded)


def _holders(nlp: Language) -> Iterator[Tuple[str, Union[Model, Shim]]]:
    for name, component in nlp.components:
        model = getattr(component, "model", None)
        for i, node in enumerate(model.walk() if isinstance(model, Model) else []):
            yield f"{name}/{i}", node
            for j, shim in enumerate(node.shims):
                yield f"{name}/{i}.{j}", shim


def _parameters(holder: Union[Model, Shim]) -> Iterator[Parameter]:
    if isinstance(holder, Model):
        yield from (NodeParameter(holder, name) for name in holder.param_names)
    elif isinstance(holder, PyTorchShim):
        for name, parameter in holder._model.named_parameters():
            yield TorchParameter(holder, name, parameter)
