"""Base class of the Thinc shims of the package. It imports torch."""

from __future__ import annotations

import copy
import os
import threading
from contextlib import contextmanager
from itertools import chain
from typing import Any, Dict, Iterator, List, Tuple, cast

import torch
from thinc.api import Optimizer, PyTorchShim, Shim
from thinc.types import ArgsKwargs
from thinc.util import xp2torch

#: Held while a shim makes a copy of its module for prediction.
_copying = threading.Lock()
#: A module, and its copies in evaluation mode that no thread is running.
Copies = Tuple[torch.nn.Module, List[torch.nn.Module]]


class TorchShim(PyTorchShim):
    """A PyTorchShim that differs from Thinc's in five ways:

    - Prediction changes nothing that threads share. Thinc's switches the module's mode.
    - An optimizer's averages can be used. Thinc's looks for keys that none writes.
    - A copy has an id of its own. Thinc's shares its optimizer state with the original.
    - Parameters can have learning rates of their own. A Thinc optimizer has no
      parameter groups.
    - A parameter may change its size. Thinc's optimizer state would not fit it.
    """

    @property
    def _model(self) -> torch.nn.Module:
        return self._module

    @_model.setter
    def _model(self, module: torch.nn.Module) -> None:
        self._module = module
        self.forget_copies()

    def forget_copies(self) -> None:
        """Discard the copies for prediction, which are made again when needed. Call
        this after the module's parameters were replaced."""
        self._copies: Dict[torch.dtype, Copies] = {}

    @contextmanager
    def module_for_prediction(
        self, dtype: torch.dtype = torch.float32
    ) -> Iterator[torch.nn.Module]:
        """Lend the module in evaluation mode to one prediction, in any thread.

        Prediction uses a copy of the trained module, so that training does not change
        its mode. No two threads use the same copy, because the modules of some encoders
        store values of the text that they read. In float32, a copy shares the module's
        weights and follows their updates. In half precision, all copies share the
        weights at the time of the last `forget_copies`.

        dtype (torch.dtype): Type of the weights.
        YIELDS (torch.nn.Module): The copy.
        """
        copies = self._copies
        if dtype not in copies:
            with _copying:
                if dtype not in copies:
                    module = self._model
                    if dtype != torch.float32:
                        module = copy.deepcopy(module).to(dtype)
                    copies[dtype] = module, []
        original, idle = copies[dtype]
        try:
            module = idle.pop()
        except IndexError:
            module = _view(original)
        yield module
        idle.append(module)  # skipped after an error

    def predict(self, inputs: ArgsKwargs) -> Any:
        """Run the module without a gradient.

        inputs (ArgsKwargs): Its arguments.
        RETURNS (Any): Its output.
        """
        with torch.no_grad(), self.module_for_prediction() as module:
            return module(*inputs.args, **inputs.kwargs)

    def learn_rate_factor(self, name: str) -> float:
        """Return the learning rate of a parameter as a multiple of the optimizer's.

        name (str): The parameter's name in the module.
        RETURNS (float): The factor.
        """
        return 1.0

    def finish_update(self, optimizer: Optimizer) -> None:
        """Update the parameters. A parameter whose size has changed since the last
        update, such as that of a head with a new label, begins with new moments.

        optimizer (Optimizer): The optimizer.
        """

        def scaled(key: Any, weights: Any, gradient: Any) -> Any:
            _forget_other_size(optimizer, key, weights.size)
            rate = optimizer.learn_rate
            # Not lr_scale, which RAdam ignores.
            optimizer.learn_rate = rate * self.learn_rate_factor(key[1])
            try:
                return optimizer(key, weights, gradient)
            finally:
                optimizer.learn_rate = rate

        super().finish_update(cast(Optimizer, scaled))

    def to_device(self, device_type: str, device_id: int) -> None:
        """Move the module."""
        self.forget_copies()
        super().to_device(device_type, device_id)

    def copy(self) -> TorchShim:
        """RETURNS (TorchShim): A copy that an optimizer treats as a different shim."""
        copied = copy.deepcopy(self)
        with Shim.global_id_lock:  # the counter belongs to Shim, not to this class
            Shim.global_id += 1
            copied.id = Shim.global_id
        return copied

    def __getstate__(self) -> Dict[str, Any]:
        """RETURNS (Dict[str, Any]): The state of a copied or pickled shim."""
        return {**self.__dict__, "_copies": {}}

    @contextmanager
    def use_params(self, params: dict) -> Iterator[None]:
        """Use other values of the parameters temporarily.

        params (dict): Arrays by (shim id, parameter name). An array whose shape differs
            from that of its parameter is not used.
        """
        own = {
            name: parameter
            for name, parameter in self._model.named_parameters()
            if (self.id, name) in params
            and params[self.id, name].shape == tuple(parameter.shape)
        }
        backup = {name: parameter.data for name, parameter in own.items()}
        for name, parameter in own.items():
            parameter.data = xp2torch(params[self.id, name], device=parameter.device)
        try:
            yield
        finally:
            for name, parameter in own.items():
                parameter.data = backup[name]


def _view(module: torch.nn.Module) -> torch.nn.Module:
    """Make a module in evaluation mode that shares the parameters and buffers."""
    shared = {id(x): x for x in chain(module.parameters(), module.buffers())}
    return copy.deepcopy(module, cast(Dict[int, Any], shared)).eval()


def _use_one_thread() -> None:
    """Compute with one thread in a forked process, as torch's own data loaders do. The
    threads of the parent process do not exist there, but torch would wait for them.
    """
    global _copying
    _copying = threading.Lock()  # another thread may have held it
    torch.set_num_threads(1)


def _forget_other_size(optimizer: Optimizer, key: Any, size: int) -> None:
    """Delete what an optimizer stored for a parameter that had another size. Thinc does
    not compare the sizes, and its compiled Adam would write outside its arrays."""
    arrays = [optimizer.mom1, optimizer.mom2, optimizer.averages or {}]
    if any(key in stored and stored[key].size != size for stored in arrays):
        for stored in arrays:
            stored.pop(key, None)
        optimizer.nr_update.pop(key, None)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_use_one_thread)
