"""Training configs of the systems that compare.py trains.

A system is named by its head. All have the recipe's encoder, chunks, batches and number
of updates; a head of spaCy has the settings that `spacy init config` recommends. On a
transformer a name may end in @ and the code that runs the encoder: @ours, with all
settings of the recipe, such as frozen embeddings and windows in word pieces, or
@spacy-transformers, with the settings that `spacy init config` recommends.
"""

from __future__ import annotations

import sys
from typing import Any, Dict, List, Optional, Tuple

from spacy.cli.init_config import init_config
from thinc.api import Config

from spacy_globalpointer.recipes.make import TOK2VEC, make_config

OURS, THEIRS = "ours", "spacy-transformers"
PEERS = ("spancat", "ner")
HEADS = ("global_pointer", "efficient", "unbalanced", *PEERS)
RATE = "training.optimizer.learn_rate.initial_rate"
#: Settings that have an option of their own, which --set may not change.
FIXED = ("paths.encoder", "nlp.lang", "system.seed", "training.max_steps", RATE)


def split_name(system: str, recipe: str) -> Tuple[str, Optional[str]]:
    """Return the head of a system, and the code that runs its encoder: None on tok2vec.
    The script ends if there is no such system."""
    head, _, encoder = system.partition("@")
    default = THEIRS if head in PEERS else OURS
    encoder = encoder or default
    if head not in HEADS or encoder not in (OURS, THEIRS):
        known = ", ".join(HEADS)
        sys.exit(
            f"There is no system {system}. Name a head of {known}. On a transformer it "
            f"may be followed by @{OURS} or @{THEIRS}; {head}@{default} is {head}."
        )
    if recipe == TOK2VEC and "@" in system:
        sys.exit(f"{system} needs a transformer. With the recipe {recipe} name {head}.")
    return head, None if recipe == TOK2VEC else encoder


def make_system(
    system: str,
    recipe: str,
    *,
    lang: str,
    encoder: Optional[str],
    updates: Optional[int],
    max_size: int,
) -> Config:
    """Make the config of a system.

    max_size (int): Tokens of the longest span that spancat suggests.
    """
    head, runs_encoder = split_name(system, recipe)
    text = make_config(recipe, lang=lang, encoder=encoder)
    config = Config().from_str(text, interpolate=False)
    if runs_encoder == THEIRS:
        model = recommend("ner", lang, transformer=True)["transformer"]["model"]
        model["name"] = "${paths.encoder}"
        config["components"]["transformer"]["model"] = model
    own = config["components"]["global_pointer"]
    if head in PEERS:
        components = recommend(head, lang, transformer=recipe != TOK2VEC)
        replace_head(config, head, components[head])
    elif head == "efficient":
        architecture = "spacy-globalpointer.EfficientGlobalPointer.v1"
        own["model"]["@architectures"] = architecture
    elif head == "unbalanced":
        own["loss"]["balance"] = 0.0
    if head == "spancat":
        config["components"]["spancat"]["suggester"] = {
            "@misc": "spacy.ngram_range_suggester.v1",
            **{"min_size": 1, "max_size": max_size},
        }
        # It counts gold that does not align with the tokens as missed.
        scorer = {"@scorers": "spacy-globalpointer.span_scorer.v1"}
        config["components"]["spancat"]["scorer"] = scorer
    config["training"]["logger"]["progress_bar"] = False
    if updates is not None:
        config["training"]["max_steps"] = updates
        config["training"]["eval_frequency"] = max(1, updates // 6)
    return config


def replace_head(config: Config, name: str, component: Dict[str, Any]) -> None:
    """Put a component of spaCy in the place of ours, with the same listener."""
    ours = config["components"].pop("global_pointer")
    component["model"]["tok2vec"] = ours["model"]["tok2vec"]
    config["components"][name] = component
    pipeline = config["nlp"]["pipeline"]
    config["nlp"]["pipeline"] = [name if x == "global_pointer" else x for x in pipeline]
    score = "ents" if name == "ner" else "spans_sc"
    weights = {f"{score}_{x}": float(x == "f") for x in "fpr"}
    config["training"]["score_weights"] = weights


def recommend(head: str, lang: str, *, transformer: bool) -> Dict[str, Any]:
    """Return the components of the config that `spacy init config` writes."""
    made = init_config(lang=lang, pipeline=[head], gpu=transformer)
    return made["components"]


def apply_settings(configs: Dict[str, Config], settings: Dict[str, Any]) -> None:
    """Set settings in the configs that have them. The script ends if none has one."""
    for place, value in settings.items():
        if place in FIXED:
            sys.exit(f"{place} has an option of its own: it cannot be given to --set.")
        found = [set_value(config, place, value) for config in configs.values()]
        if not any(found):
            sys.exit(f"No system has the setting {place}. Check its name.")


def set_value(config: Config, place: str, value: Any) -> bool:
    """Set a setting, and return whether the config has it."""
    *sections, key = place.split(".")
    part: Any = config
    for section in sections:
        if not isinstance(part, dict) or section not in part:
            return False
        part = part[section]
    if not isinstance(part, dict) or key not in part:
        return False
    part[key] = value
    return True


def default_rates(config: Config) -> List[float]:
    """Return the recipe's learning rate between its half and its double."""
    rate = config["training"]["optimizer"]["learn_rate"]["initial_rate"]
    return [rate / 2, rate, rate * 2]
