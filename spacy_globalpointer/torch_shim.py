"""What every Thinc shim of the package needs. Imported with torch only."""

from __future__ import annotations

import copy
from contextlib import contextmanager
from typing import Iterator

from thinc.api import PyTorchShim
from thinc.util import xp2torch


class TorchShim(PyTorchShim):
    """A PyTorchShim that can use an optimizer's averages (Thinc's own looks for keys
    that no optimizer writes), and whose copies have ids of their own (Thinc's share an
    optimizer's state with the original)."""

    def copy(self) -> TorchShim:
        """RETURNS (TorchShim): A copy that an optimizer takes for another one."""
        copied = copy.deepcopy(self)
        with type(self).global_id_lock:
            type(self).global_id += 1
            copied.id = type(self).global_id
        return copied

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
