"""What every Thinc shim of the package needs. Imported with torch only."""

from __future__ import annotations

import copy
from contextlib import contextmanager
from typing import Any, Iterator, cast

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
        """Update the parameters. One that has another size than at the last update,
        such as that of a head with a new label, begins with new moments.

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

    def copy(self) -> TorchShim:
        """RETURNS (TorchShim): A copy that an optimizer takes for another one."""
        copied = copy.deepcopy(self)
        with Shim.global_id_lock:  # the counter of all shims, not one of this class
            Shim.global_id += 1
            copied.id = Shim.global_id
        return copied

    @contextmanager
    def use_params(self, params: dict) -> Iterator[None]:
        """Use other values of the parameters for a while.

        params (dict): Arrays by (shim id, parameter name). One of another shape than
            its parameter is not used.
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


def _forget_other_size(optimizer: Optimizer, key: Any, size: int) -> None:
    """Forget what an optimizer stored of a parameter when it had another size. Thinc
    does not compare the sizes, and its compiled Adam would write outside its arrays."""
    arrays = [optimizer.mom1, optimizer.mom2, optimizer.averages or {}]
    if any(key in stored and stored[key].size != size for stored in arrays):
        for stored in arrays:
            stored.pop(key, None)
        optimizer.nr_update.pop(key, None)
