"""Interface of the runners, and base class of those of an exported encoder."""

from __future__ import annotations

import os
import sys
import threading
from abc import ABC, abstractmethod
from contextlib import contextmanager
from importlib import import_module
from typing import (
    Any,
    ClassVar,
    Dict,
    Iterator,
    List,
    Mapping,
    Optional,
    Protocol,
    Sequence,
    Tuple,
    cast,
)

import torch
from numpy import ndarray
from torch import Tensor

from ...errors import Errors

#: Tensors that an encoder reads, by the names of its arguments.
Inputs = Mapping[str, Tensor]
#: Names of the tensors that an exported encoder reads.
INPUTS = ("input_ids", "attention_mask")
#: Held while a process compiles a model.
_compiling = threading.Lock()
#: Held while a module is hidden.
_hiding = threading.Lock()
#: Models that a parent process compiled. Their end would wait for threads that do not
#: exist in a forked process.
_inherited: List[Any] = []


class Runner(Protocol):
    """Compute the vectors of pieces, for `encode`."""

    @property
    def device(self) -> torch.device:
        """Return the device of the inputs and of the output."""
        ...

    def __call__(self, inputs: Inputs) -> Tensor:
        """Compute the last hidden state.

        inputs (Inputs): "input_ids" and "attention_mask", both of shape (windows,
            pieces), int64. Some encoders also accept "global_attention_mask".
        RETURNS (Tensor): Shape (windows, pieces, width).
        """
        ...


class ExportedRunner(ABC):
    """Runner of an encoder that was exported from torch. It computes on the CPU, in any
    number of threads at the same time.

    The model is kept as the bytes of its files. A process compiles it when it needs it
    first, with as many threads as torch then has: the threads of a compiled model do
    not survive a fork.

    precision (str): One of `precisions`.
    files (Dict[str, bytes]): Contents of the model's files, by name.
    RAISES (ImportError): GP232 if the library is not installed.
    """

    #: Name of the runner in commands and stored pipelines. The extra of the package
    #: that installs its libraries has the same name.
    kind: ClassVar[str]
    #: Requirement of a pipeline that uses it.
    requirement: ClassVar[str]
    #: Modules that it needs to run, and to export.
    modules: ClassVar[Tuple[str, ...]]
    for_export: ClassVar[Tuple[str, ...]]
    #: Precisions in which it can compute.
    precisions: ClassVar[Tuple[str, ...]]
    #: Device of the inputs and of the output.
    device = torch.device("cpu")

    def __init__(self, precision: str, files: Dict[str, bytes]) -> None:
        self.require(self.modules)
        self.precision = precision
        self.files = files
        self._compiled: Any = None
        self._process: Optional[int] = None

    @classmethod
    def require(cls, modules: Sequence[str]) -> None:
        """Check that modules can be imported.

        modules (Sequence[str]): Their names.
        RAISES (ImportError): GP232 if one is not installed.
        """
        for name in modules:
            try:
                with _without_telemetry():
                    import_module(name)
            except ImportError as error:
                fields = {"kind": cls.kind, "module": name, "reason": error}
                raise ImportError(Errors.GP232.format(**fields)) from error

    @classmethod
    @abstractmethod
    def export(
        cls, module: torch.nn.Module, precision: str, windows: Sequence[Inputs]
    ) -> ExportedRunner:
        """Export an encoder.

        module (torch.nn.Module): The encoder in float32, in evaluation mode.
        precision (str): One of `precisions`.
        windows (Sequence[Inputs]): At least one window, each of its own length, for
            calibration.
        RETURNS (ExportedRunner): Its runner.
        """

    @abstractmethod
    def _compile(self, n_threads: int) -> Any:
        """Compile the model for this process."""

    @abstractmethod
    def _run(self, compiled: Any, ids: ndarray, mask: ndarray) -> ndarray:
        """Compute an array that nothing else uses."""

    def __call__(self, inputs: Inputs) -> Tensor:
        """Compute the last hidden state; see `Runner`."""
        if self._process != os.getpid():
            with _compiling:
                if self._process != os.getpid():
                    _inherited.append(self._compiled)
                    self._compiled = self._compile(torch.get_num_threads())
                    self._process = os.getpid()
        ids, mask = (inputs[name].numpy() for name in INPUTS)
        return torch.from_numpy(self._run(self._compiled, ids, mask))

    def __getstate__(self) -> Dict[str, Any]:
        """RETURNS (Dict[str, Any]): The state of a copied or pickled runner."""
        return {**self.__dict__, "_compiled": None, "_process": None}


class ExportedModule(torch.nn.Module):
    """Encoder as it is exported: two tensors in, the last hidden state out.

    module (torch.nn.Module): The encoder.
    """

    def __init__(self, module: torch.nn.Module) -> None:
        super().__init__()
        self.module = module

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """Compute the last hidden state."""
        output = self.module(input_ids=input_ids, attention_mask=attention_mask)
        return output.last_hidden_state


@contextmanager
def _without_telemetry() -> Iterator[None]:
    """Hide the package with which OpenVINO and NNCF report each import and each export
    to a web service. Both do without it if it is not installed."""
    name, modules = "openvino_telemetry", cast(Dict[str, Any], sys.modules)
    with _hiding:
        before = {name: modules[name]} if name in modules else {}
        modules[name] = None
        try:
            yield
        finally:
            modules.pop(name, None)
            modules.update(before)


def _forget_locks() -> None:
    global _compiling, _hiding
    _compiling, _hiding = (
        threading.Lock(),
        threading.Lock(),
    )  # others may have held them


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_locks)
