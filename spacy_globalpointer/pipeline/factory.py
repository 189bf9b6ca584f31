"""The factory of `global_pointer`, with its defaults."""

from __future__ import annotations

from typing import TYPE_CHECKING, Callable, List, Optional

from spacy.language import Language
from spacy.tokens import Doc
from thinc.api import Config, Model

from ..values import Setting
from .attributes import remember_pipeline
from .global_pointer import GlobalPointer
from .span_loss import Loss

if TYPE_CHECKING:
    from ..pointer.states import PointerStates

DEFAULT_CONFIG = """
[global_pointer]
spans_key = "sc"
threshold = 0.5
thresholds = {}
temperature = 1.0
max_span_length = null
overlap = "any"
annotate_ents = false
max_spans_per_doc = 100000
memory_weight = 0.0
memory_temperature = 0.1
memory_neighbours = 64
memory_lowest = 0.02
memory_limit = 100000
document_memory = 0.0
document_band = [0.1,0.9]
scorer = {"@scorers": "spacy-globalpointer.span_scorer.v1"}

[global_pointer.loss]
@losses = "spacy-globalpointer.SpanLoss.v1"
label_weights = {}
balance = 0.0
boundary_smoothing = 0.0

[global_pointer.model]
@architectures = "spacy-globalpointer.GlobalPointer.v1"
head_width = 64
rope = true
label_bias = -6.0
learn_rate_scale = 1.0
nO = null

[global_pointer.model.tok2vec]
@architectures = "spacy-transformers.TransformerListener.v1"
grad_factor = 1.0
upstream = "*"

[global_pointer.model.tok2vec.pooling]
@layers = "reduce_mean.v1"
"""


@Language.factory(
    "global_pointer",
    assigns=["doc.spans", "doc.ents"],
    default_config=Config().from_str(DEFAULT_CONFIG)["global_pointer"],
    default_score_weights={"spans_sc_f": 1.0, "spans_sc_p": 0.0, "spans_sc_r": 0.0},
)
def make_global_pointer(
    nlp: Language,
    name: str,
    model: Model[List[Doc], PointerStates],
    spans_key: Setting,
    threshold: Setting,
    thresholds: Setting,
    temperature: Setting,
    max_span_length: Setting,
    overlap: Setting,
    annotate_ents: Setting,
    max_spans_per_doc: Setting,
    memory_weight: Setting,
    memory_temperature: Setting,
    memory_neighbours: Setting,
    memory_lowest: Setting,
    memory_limit: Setting,
    document_memory: Setting,
    document_band: Setting,
    loss: Loss,
    scorer: Optional[Callable],
) -> GlobalPointer:
    """Create a `GlobalPointer` component; its docstring explains the settings.

    The settings are checked too.
    """
    pipe = GlobalPointer(
        nlp.vocab,
        model,
        name,
        spans_key=spans_key,
        threshold=threshold,
        thresholds=thresholds,
        temperature=temperature,
        max_span_length=max_span_length,
        overlap=overlap,
        annotate_ents=annotate_ents,
        max_spans_per_doc=max_spans_per_doc,
        memory_weight=memory_weight,
        memory_temperature=memory_temperature,
        memory_neighbours=memory_neighbours,
        memory_lowest=memory_lowest,
        memory_limit=memory_limit,
        document_memory=document_memory,
        document_band=document_band,
        loss=loss,
        scorer=scorer,
    )
    remember_pipeline(pipe, nlp)
    return pipe
