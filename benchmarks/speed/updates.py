"""Updates of several pipelines in turns, on the same batches, timed."""

from __future__ import annotations

import time
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import (
    Any,
    Callable,
    ContextManager,
    Dict,
    Iterator,
    List,
    Optional,
    Union,
)

from spacy.language import Language
from spacy.training import Example
from spacy.training.initialize import init_nlp
from spacy.util import fix_random_seed, registry
from thinc.api import Config


@dataclass
class Updates:
    """Of each update of a pipeline but the first ones, which warm up: its seconds, the
    seconds of them that were the optimizer's, its tokens, and the loss by component."""

    seconds: List[float] = field(default_factory=list)
    optimizing: List[float] = field(default_factory=list)
    tokens: List[int] = field(default_factory=list)
    losses: List[Dict[str, float]] = field(default_factory=list)


def update_in_turns(
    configs: Dict[str, Config],
    n_updates: int,
    *,
    warm_up: int = 1,
    around: Optional[Dict[str, Callable[[], ContextManager]]] = None,
) -> Dict[str, Updates]:
    """Initialize a pipeline of each config, and train them batch by batch in turns.
    `around` has contexts for the updates of some pipelines."""
    contexts = around or {}
    pipelines = {name: build(config) for name, config in configs.items()}
    batches = {name: make_batches(nlp) for name, nlp in pipelines.items()}
    optimizers = {
        name: resolve(nlp, "training", "optimizer") for name, nlp in pipelines.items()
    }
    results = {name: Updates() for name in pipelines}
    for update in range(n_updates + warm_up):
        for name, nlp in pipelines.items():
            examples, losses = next(batches[name]), {}
            with contexts.get(name, nullcontext)():
                start = time.perf_counter()
                nlp.update(examples, sgd=False, drop=0.1, losses=losses)
                middle = time.perf_counter()
                for _, component in nlp.pipeline:
                    if hasattr(component, "finish_update"):
                        component.finish_update(optimizers[name])
                end = time.perf_counter()
            optimizers[name].step_schedules()
            if update >= warm_up:
                results[name].seconds.append(end - start)
                results[name].optimizing.append(end - middle)
                results[name].tokens.append(sum(len(eg.reference) for eg in examples))
                results[name].losses.append(losses)
    return results


def build(config: Config) -> Language:
    fix_random_seed(0)
    return init_nlp(config.interpolate())


def make_batches(nlp: Language) -> Iterator[List[Example]]:
    """Yield the batches of the training corpus, again and again."""
    corpus, batcher = (
        resolve(nlp, "corpora", "train"),
        resolve(nlp, "training", "batcher"),
    )
    while True:
        yield from batcher(corpus(nlp))


def resolve(nlp: Language, section: str, name: str) -> Any:
    config: Union[Config, Dict[str, Any]] = {name: nlp.config[section][name]}
    return registry.resolve(config)[name]
