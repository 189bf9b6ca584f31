"""The runners of exported encoders by name: export an encoder, or load a stored one."""

from __future__ import annotations

import warnings
from contextlib import contextmanager
from typing import Any, Dict, Iterator, Sequence, Type

from transformers.utils import logging

from ...errors import Errors, Warnings, is_coded
from ...machine_faults import is_shortage
from .cpu import are_known, has_bf16, has_int8
from .onnx_runner import OnnxRunner
from .openvino_runner import OpenVINORunner
from .runner import ExportedRunner, Inputs

#: The runners by name.
RUNNERS: Dict[str, Type[ExportedRunner]] = {
    own.kind: own for own in (OpenVINORunner, OnnxRunner)
}


def find_runner(kind: Any, precision: Any) -> Type[ExportedRunner]:
    """Find a runner.

    kind (Any): Its name.
    precision (Any): A precision in which it can compute.
    RETURNS (Type[ExportedRunner]): Its class.
    RAISES (ValueError): GP237 if there is no such runner, or not in this precision.
    """
    for own in RUNNERS.values():
        if own.kind == kind and precision in own.precisions:
            return own
    known = "; ".join(f"{x.kind}: {', '.join(x.precisions)}" for x in RUNNERS.values())
    fields = {"kind": kind, "precision": precision, "known": known}
    raise ValueError(Errors.GP237.format(**fields))


def export_runner(
    kind: str, precision: str, module: Any, windows: Sequence[Inputs]
) -> ExportedRunner:
    """Export an encoder.

    kind (str): Name of the runner.
    precision (str): Its precision.
    module (Any): The encoder in float32, in evaluation mode.
    windows (Sequence[Inputs]): At least one window of its own length, for calibration.
    RETURNS (ExportedRunner): The runner.
    RAISES (ValueError): GP237 as `find_runner`; GP233 if the encoder cannot be
        exported.
    RAISES (ImportError): GP232 if a library is not installed.
    """
    found = find_runner(kind, precision)
    found.require(found.for_export)
    attention = getattr(module.config, "attention_type", "")
    if attention == "block_sparse" or hasattr(module.config, "attention_window"):
        reason = "its attention is sparse, and depends on the length of a window"
        raise ValueError(Errors.GP233.format(reason=reason))
    try:
        with _quiet():
            return found.export(module, precision, windows)
    except Exception as error:  # exporters raise many kinds of errors
        if is_coded(error) or is_shortage(error):
            raise
        reason = f"{type(error).__name__}: {error}"
        raise ValueError(Errors.GP233.format(reason=reason)) from error


@contextmanager
def _quiet() -> Iterator[None]:
    """Hide what libraries say about tracing. The result is checked."""
    level = logging.get_verbosity()
    logging.set_verbosity_error()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.set_verbosity(level)


def load_runner(kind: Any, precision: Any, files: Dict[str, bytes]) -> ExportedRunner:
    """Load the runner of a stored pipeline. Warn if this CPU is not made for it.

    kind (Any): Name of the runner.
    precision (Any): Its precision.
    files (Dict[str, bytes]): The model's files.
    RETURNS (ExportedRunner): The runner.
    RAISES (ValueError): GP237 as `find_runner`.
    RAISES (ImportError): GP232 if the library is not installed.
    """
    runner = find_runner(kind, precision)(precision, files)
    warn_of_cpu(precision)
    return runner


def warn_of_cpu(precision: str) -> None:
    """Warn if this CPU has no instructions for a precision. On systems that do not name
    all instructions, there is no warning.

    precision (str): The precision.
    """
    if not are_known():
        return
    if precision == "int8" and not has_int8():
        warnings.warn(Warnings.GPW043, stacklevel=2)
    is_missing = {"bf16": not has_bf16(), "int8-weights": not has_int8()}
    if is_missing.get(precision):
        warnings.warn(Warnings.GPW044.format(precision=precision), stacklevel=2)
