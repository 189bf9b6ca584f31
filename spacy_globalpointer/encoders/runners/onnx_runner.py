"""Runner of an encoder in ONNX Runtime."""

from __future__ import annotations

from typing import Any, Sequence

import torch
from numpy import ndarray

from ...machine_faults import temporary_folder
from .export_check import check_export, example_of
from .runner import INPUTS, ExportedModule, ExportedRunner, Inputs

#: File of a model, and the version of the operators in it.
MODEL, OPSET = "model.onnx", 17


class OnnxRunner(ExportedRunner):
    """Runner of an encoder in ONNX Runtime, in float32. Its int8 is less exact than
    OpenVINO's, and not faster."""

    kind = "onnx"
    requirement = "onnxruntime>=1.20"
    modules = ("onnxruntime",)
    for_export = ("onnxruntime", "onnx")
    precisions = ("f32",)

    @classmethod
    def export(
        cls, module: torch.nn.Module, precision: str, windows: Sequence[Inputs]
    ) -> OnnxRunner:
        """Export an encoder; see `ExportedRunner.export`."""
        example = example_of(windows)
        axes = dict.fromkeys((*INPUTS, "vectors"), {0: "windows", 1: "pieces"})
        with temporary_folder() as folder, torch.no_grad():
            path = folder / MODEL
            torch.onnx.export(
                ExportedModule(module).eval(),
                tuple(example[name] for name in INPUTS),
                path,
                input_names=list(INPUTS),
                output_names=["vectors"],
                dynamic_axes=axes,
                opset_version=OPSET,
                dynamo=False,  # which would write a second file
            )
            runner = cls(precision, {MODEL: path.read_bytes()})
        check_export(runner, module, windows)
        return runner

    def _compile(self, n_threads: int) -> Any:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = n_threads
        options.inter_op_num_threads = 1
        # Idle threads would take the cores from other processes.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        return onnxruntime.InferenceSession(
            self.files[MODEL], options, providers=["CPUExecutionProvider"]
        )

    def _run(self, compiled: Any, ids: ndarray, mask: ndarray) -> ndarray:
        return compiled.run(None, {"input_ids": ids, "attention_mask": mask})[0]
