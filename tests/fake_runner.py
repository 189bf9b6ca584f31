"""Runner that needs no library: torch computes the exported encoder."""

from __future__ import annotations

import pickle

import torch

from spacy_globalpointer.encoders.runners.openvino_runner import OpenVINORunner
from spacy_globalpointer.encoders.runners.runner import ExportedModule, ExportedRunner


class FakeRunner(ExportedRunner):
    """Runner with the name and the precisions of OpenVINO. All are float32."""

    kind = OpenVINORunner.kind
    requirement = OpenVINORunner.requirement
    modules = for_export = ("colorsys",)  # a module that always is installed
    precisions = OpenVINORunner.precisions

    @classmethod
    def export(cls, module, precision, windows):
        return cls(precision, {"module": pickle.dumps(module)})

    def _compile(self, n_threads):
        return ExportedModule(pickle.loads(self.files["module"]))

    def _run(self, compiled, ids, mask):
        with torch.no_grad():
            return compiled(torch.from_numpy(ids), torch.from_numpy(mask)).numpy()
