"""What every Thinc shim of the package needs. Imported with torch only."""

from __future__ import annotations

import copy
from contextlib import contextmanager
from typing import Any, Iterator, cast

import torch
from thinc.api import Optimizer, PyTorchShim, Shim
from thinc.util import xp2torch


class TorchShim(PyTorchShim):
    """A PyTorchShim that can use an optimizer's averages (Thinc's own looks for keys
    that no optimizer writes), whose copies have ids of their own (Thinc's share an
    optimizer's state with the original), and whose parameters can have learning rates
    of their own (a Thinc optimizer has no parameter groups)."""

    def learn_rate_factor(self, name: str) -> float:
        """The learning rate of a parameter, as a multiple of the optimizer's.

        name (str): The parameter's name in the module.
        RETURNS (float): The factor.
        """
        return 1.0

    def finish_update(self, optimizer: Optimizer) -> None:
        """Update the parameters.

        optimizer (Optimizer): The optimizer.
        """

        def scaled(key: Any, weights: Any, gradient: Any) -> Any:
            rate = optimizer.learn_rate
            # Not lr_scale, which RAdam ignores.
            optimizer.learn_rate = rate * self.learn_rate_factor(key[1])
            try:
                return optimizer(key, weights, gradient)
            finally:
                optimizer.learn_rate = rate

        super().finish_update(cast(Optimizer, scaled))

    def copy(self) -> TorchShim:
        """RETURNS (TorchShim): A copy that an optimizer takes for another one."""
        copied = copy.deepcopy(self)
        copied._renew_id()
        return copied

    def replace_module(self, module: torch.nn.Module) -> None:
        """Use another module. An optimizer takes its parameters for new ones: what it
        has stored of the old ones may have other shapes.

        module (torch.nn.Module): The module.
        """
        if module is not self._model:
            self._model = module
            self._renew_id()

    def _renew_id(self) -> None:
        with Shim.global_id_lock:
            Shim.global_id += 1
            self.id = Shim.global_id

    @contextmanager
    def use_params(self, params: dict) -> Iterator[None]:
        """Use other values of the parameters for a while.

        params (dict): Arrays by (shim id, parameter name).
        """
        own = {
            name: parameter
            for name, parameter in self._model.named_parameters()
            if (self.id, name) in params
        }
        backup = {name: parameter.data for name, parameter in own.items()}
        for name, parameter in own.items():
            parameter.data = xp2torch(params[self.id, name], device=parameter.device)
        try:
            yield
        finally:
            for name, parameter in own.items():
                parameter.data = backup[name]
