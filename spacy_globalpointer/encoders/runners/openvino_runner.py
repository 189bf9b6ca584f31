"""Runner of an encoder in OpenVINO."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Dict, List, NamedTuple, Sequence

import torch
from numpy import ndarray

from ...machine_faults import temporary_folder
from .cpu import has_int8
from .export_check import check_export, example_of
from .runner import INPUTS, ExportedModule, ExportedRunner, Inputs

#: Files of a model: its graph, and its weights.
GRAPH, WEIGHTS = "model.xml", "model.bin"


class Compiled(NamedTuple):
    """Compiled model, and its requests that no thread is using."""

    model: Any
    idle: List[Any]


class OpenVINORunner(ExportedRunner):
    """Runner of an encoder in OpenVINO.

    The weights of "bf16" are stored in half precision. In "int8-weights", OpenVINO
    quantizes the activations of linear layers as it computes them. In "int8", their
    ranges are those of the windows of the calibration.
    """

    kind = "openvino"
    requirement = "openvino>=2026.0"
    modules = ("openvino",)
    for_export = ("openvino", "nncf")
    precisions = ("f32", "bf16", "int8-weights", "int8")

    @classmethod
    def export(
        cls, module: torch.nn.Module, precision: str, windows: Sequence[Inputs]
    ) -> OpenVINORunner:
        """Export an encoder; see `ExportedRunner.export`."""
        model = _convert(module, windows)
        exact = cls("f32", _to_files(model))
        check_export(exact, module, windows)
        if precision == "f32":
            return exact
        if precision == "int8-weights":
            import nncf

            kind = nncf.CompressWeightsMode.INT8_ASYM
            model = nncf.compress_weights(model, mode=kind)
        elif precision == "int8":
            model = _quantize(model, windows)
        return cls(precision, _to_files(model, halve=precision == "bf16"))

    def _compile(self, n_threads: int) -> Compiled:
        import openvino

        core = openvino.Core()
        model = core.read_model(self.files[GRAPH], self.files[WEIGHTS])
        settings = {
            # On CPUs without bfloat16, OpenVINO computes in float32 instead.
            "INFERENCE_PRECISION_HINT": "f32" if self.precision == "f32" else "bf16",
            "INFERENCE_NUM_THREADS": n_threads,
            "PERFORMANCE_HINT": "LATENCY",
            # Otherwise all processes would compute on the same cores.
            "ENABLE_CPU_PINNING": False,
        }
        return Compiled(core.compile_model(model, "CPU", settings), [])

    def _run(self, compiled: Compiled, ids: ndarray, mask: ndarray) -> ndarray:
        try:
            request = compiled.idle.pop()
        except IndexError:
            request = compiled.model.create_infer_request()
        output = request.infer({"input_ids": ids, "attention_mask": mask})
        hidden = output[0].copy()  # the request will use the memory again
        compiled.idle.append(request)  # skipped after an error
        return hidden


def _convert(module: torch.nn.Module, windows: Sequence[Inputs]) -> Any:
    import openvino

    with torch.no_grad():
        return openvino.convert_model(
            ExportedModule(module).eval(),
            example_input=example_of(windows),
            input=[(name, [-1, -1], openvino.Type.i64) for name in INPUTS],
        )


def _quantize(model: Any, windows: Sequence[Inputs]) -> Any:
    import nncf
    from nncf.quantization.advanced_parameters import (
        AdvancedQuantizationParameters,
        OverflowFix,
    )

    # Without such instructions, sums of products overflow 16 bits unless the weights
    # have only 7 bits.
    fix = OverflowFix.FIRST_LAYER if has_int8() else OverflowFix.ENABLE
    feeds = [{name: own[name].numpy() for name in INPUTS} for own in windows]
    return nncf.quantize(
        model,
        nncf.Dataset(feeds),
        model_type=nncf.ModelType.TRANSFORMER,
        preset=nncf.QuantizationPreset.MIXED,
        subset_size=len(feeds),
        advanced_parameters=AdvancedQuantizationParameters(overflow_fix=fix),
    )


def _to_files(model: Any, *, halve: bool = False) -> Dict[str, bytes]:
    import openvino

    with temporary_folder() as folder:
        path = Path(folder) / GRAPH
        openvino.save_model(model, path, compress_to_fp16=halve)
        return {name: (folder / name).read_bytes() for name in (GRAPH, WEIGHTS)}
