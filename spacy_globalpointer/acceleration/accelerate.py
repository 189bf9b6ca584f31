"""Replace the encoder of a pipeline by one that is faster on a CPU."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Callable, Iterable, List, Optional, Tuple, Union, cast

from spacy.language import Language
from spacy.tokens import Doc
from thinc.api import Model

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
        GP238 if the sample is empty; GP233 if the encoder cannot be exported; GP247 if
        torch finds nothing on the sample that could be lost; GP234 if it loses too
        much.
    RAISES (ImportError): GP232 if a library is not installed.
    """
    if not is_number(max_drop) or max_drop < 0:
        fields = {
            "name": "max_drop",
            "value": max_drop,
            "rule": "a number of at least 0",
        }
        raise ValueError(Errors.GP208.format(**fields))
    found = find_runner(runner, precision)
    find_component(nlp, component)
    model, shim = _find_encoder(nlp, component)
    shim.check_cpu(runner)
    found.require(found.for_export)
    docs = make_docs(nlp, sample)
    windows = calibration_windows(nlp, model, docs)
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
    _replace(nlp, shim, exported)
    return comparison


def save(nlp: Language, output: Path) -> None:
    """Save a pipeline in one step.

    nlp (Language): The pipeline.
    output (Path): A folder.
    """
    with atomic_folder(output) as draft:
        nlp.to_disk(draft)


def _find_encoder(nlp: Language, component: str) -> Tuple[Model, EncoderShim]:
    model = find_transformer(nlp, component)
    name = component if model is None else _owner(nlp, model)
    if model is None:
        reason = "it is of another kind"
    elif get_shim(model).runner is not None:
        reason = "it is already accelerated"
    elif get_shim(model).encoder is None:
        reason = "it is not initialized"
    else:
        return model, get_shim(model)
    raise ValueError(Errors.GP236.format(name=name, reason=reason))


def _owner(nlp: Language, model: Model) -> str:
    """Return the name of the component that contains a model."""
    models = ((name, getattr(pipe, "model", None)) for name, pipe in nlp.pipeline)
    own = ((name, x) for name, x in models if isinstance(x, Model))
    return next(name for name, x in own if any(node is model for node in x.walk()))


def _check_loss(comparison: Comparison, max_drop: float) -> None:
    if not comparison.can_lose:
        kind = "gold span" if comparison.has_gold else "span"
        raise ValueError(Errors.GP247.format(kind=kind))
    if comparison.loss > max_drop:
        measure = "F1" if comparison.has_gold else "agreement with torch's spans"
        fields = {"runner": comparison.rows[-1].name, "loss": comparison.loss}
        text = Errors.GP234.format(**fields, measure=measure, limit=max_drop)
        raise ValueError(text)


def _replace(nlp: Language, shim: EncoderShim, runner: ExportedRunner) -> None:
    """Let the encoder predict with the runner. All components that use it keep what
    they remember: it was found with the weights, and the runner was compared with
    them."""
    remembering: List[Any] = [
        pipe for _, pipe in nlp.components if _can_remember(pipe, nlp)
    ]
    shim.accelerate(cast(Encoder, shim.encoder), runner)
    for pipe in remembering:
        pipe.accept_weights()
    needed = nlp.meta.get("requirements", [])
    if runner.requirement not in needed:
        nlp.meta["requirements"] = [*needed, runner.requirement]


def _can_remember(pipe: Any, nlp: Language) -> bool:
    """Return whether a component has a memory that its weights made."""
    if not isinstance(pipe, GlobalPointer) or not len(pipe.memory):
        return False
    digest = weights_digest(pipe.model.get_ref("tok2vec"), nlp)
    return bool(digest) and same_weights(pipe.memory.digest, digest)
