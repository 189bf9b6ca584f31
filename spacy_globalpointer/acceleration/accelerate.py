"""Replace the encoder of a pipeline by one that is faster on a CPU."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Callable, Iterable, Optional, Union, cast

from spacy.language import Language
from spacy.tokens import Doc

from ..atomic import atomic_folder
from ..encoders.encoder_shim import EncoderShim
from ..encoders.pretrained import Encoder
from ..encoders.runners.kinds import export_runner, find_runner, warn_of_cpu
from ..encoders.runners.runner import ExportedRunner
from ..encoders.seams import find_transformer
from ..encoders.transformer_model import get_shim
from ..errors import Errors
from ..evaluation.predictions import find_component
from ..pipeline.global_pointer import GlobalPointer
from ..pipeline.weights_digest import same_weights, weights_digest
from ..values import is_number
from .comparison import Comparison, compare
from .sample import calibration_windows, make_docs


def accelerate(
    nlp: Language,
    sample: Iterable[Union[str, Doc]],
    *,
    component: str = "global_pointer",
    runner: str = "openvino",
    precision: str = "int8",
    max_drop: float = 0.5,
    report: Optional[Callable[[Comparison], Any]] = None,
    progress: Optional[str] = None,
) -> Comparison:
    """Replace the encoder of a pipeline by one that is faster on a CPU, after a check
    of its spans. The pipeline is then saved and packaged like any other, but its
    encoder cannot be trained. After an error, the pipeline is unchanged.

    nlp (Language): The pipeline. Nothing else may use it meanwhile.
    sample (Iterable[Union[str, Doc]]): Texts, or Docs with gold spans, like those that
        the pipeline will read, and not those that it was trained on.
    component (str): Name of the `global_pointer` whose spans are checked.
    runner (str): "openvino" or "onnx".
    precision (str): "f32", "bf16", "int8-weights" or "int8"; "onnx" has only "f32".
    max_drop (float): Points that it may lose at most: of F1 if the sample has gold
        spans, and of the agreement with the spans of torch in float32 otherwise.
    report (Optional[Callable[[Comparison], Any]]): Receives the comparison before it is
        decided.
    progress (Optional[str]): Text of a progress bar; None shows none.
    RETURNS (Comparison): The comparison with torch.
    RAISES (ValueError): GP130 or GP131 if there is no such component; GP208 or GP237 if
        an argument is wrong; GP236 if it has no encoder to accelerate; GP239 on a GPU;
        GP238 if the sample is empty; GP233 if the encoder cannot be exported; GP234 if
        it loses too much.
    RAISES (ImportError): GP232 if a library is not installed.
    """
    if not is_number(max_drop) or max_drop < 0:
        fields = {"name": "max_drop", "value": max_drop, "rule": "a number from 0 on"}
        raise ValueError(Errors.GP208.format(**fields))
    found = find_runner(runner, precision)
    pipe = find_component(nlp, component)
    model, shim = _find_encoder(nlp, component)
    shim.check_cpu(runner)
    found.require(found.for_export)
    docs = make_docs(nlp, sample)
    windows = calibration_windows(model, docs)
    if not windows:
        raise ValueError(Errors.GP238)
    warn_of_cpu(precision)
    with shim.module_for_prediction() as module:
        exported = export_runner(runner, precision, module, windows)
    comparison = compare(
        nlp, shim, exported, docs, component=component, progress=progress
    )
    if report is not None:
        report(comparison)
    _check_loss(comparison, max_drop)
    _replace(nlp, pipe, shim, exported)
    return comparison


def save(nlp: Language, output: Path) -> None:
    """Save a pipeline in one step.

    nlp (Language): The pipeline.
    output (Path): A folder.
    """
    with atomic_folder(output) as draft:
        nlp.to_disk(draft)


def _find_encoder(nlp: Language, component: str) -> Any:
    model = find_transformer(nlp, component)
    if model is None:
        reason = "it has no such transformer"
    elif get_shim(model).runner is not None:
        reason = "it already is"
    elif get_shim(model).encoder is None:
        reason = "it is not initialized"
    else:
        return model, get_shim(model)
    raise ValueError(Errors.GP236.format(name=component, reason=reason))


def _check_loss(comparison: Comparison, max_drop: float) -> None:
    if comparison.loss > max_drop:
        measure = "F1" if comparison.has_gold else "agreement with torch's spans"
        fields = {"runner": comparison.rows[-1].name, "loss": comparison.loss}
        text = Errors.GP234.format(**fields, measure=measure, limit=max_drop)
        raise ValueError(text)


def _replace(
    nlp: Language, pipe: GlobalPointer, shim: EncoderShim, runner: ExportedRunner
) -> None:
    """Let the encoder predict with the runner. What the component remembers was found
    with the weights, and checked with the runner."""
    before = weights_digest(pipe.model.get_ref("tok2vec"), nlp)
    shim.accelerate(cast(Encoder, shim.encoder), runner)
    if same_weights(pipe.memory.digest, before):
        pipe.accept_weights()
    needed = nlp.meta.get("requirements", [])
    nlp.meta["requirements"] = [*needed, runner.requirement]
