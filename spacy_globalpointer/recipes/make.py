"""Make a training config from a recipe."""

from __future__ import annotations

import json
import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Dict, List, Optional

import jinja2

from ..errors import Errors
from ..wording import visible

_HERE = Path(__file__).parent
#: The recipe of a pipeline on spaCy's `tok2vec` instead of a transformer.
TOK2VEC = "tok2vec"
#: Settings for a GPU, which is faster with larger batches.
ON_GPU = {"system.gpu_allocator": "pytorch", "nlp.batch_size": 64}
TRANSFORMER_ON_GPU = {
    "components.transformer.max_batch_items": 16384,
    "components.transformer.model.max_pieces": 16384,
}


@dataclass(frozen=True)
class Recipe:
    """Settings for a family of encoders or for spaCy's `tok2vec`, made by `recipes`.

    name (str): Its name.
    about (str): The encoders that it is for.
    source (str): The source of its values.
    values (Dict[str, Any]): Settings by their place in the config, such as
        "training.max_steps", where they differ from base.cfg.jinja.
    """

    name: str
    about: str
    source: str
    values: Dict[str, Any]

    @property
    def encoder(self) -> str:
        """Return the folder or hub name of its encoder; "none" for `tok2vec`."""
        default = "none" if self.name == TOK2VEC else "encoders/minilm"
        return self.values.get("paths.encoder", default)


def recipes() -> Dict[str, Recipe]:
    """RETURNS (Dict[str, Recipe]): The recipes by name."""
    table = json.loads((_HERE / "recipes.json").read_text(encoding="utf-8"))
    return {name: Recipe(name=name, **fields) for name, fields in table.items()}


def make_config(
    name: str,
    *,
    gpu: bool = False,
    lang: Optional[str] = None,
    encoder: Optional[str] = None,
) -> str:
    """Make the training config of a recipe.

    name (str): Name of the recipe.
    gpu (bool): Whether to train on a GPU.
    lang (Optional[str]): Language of the tokenizer; None for the recipe's.
    encoder (Optional[str]): Folder or hub name of an encoder of the family; None for
        the recipe's.
    RETURNS (str): The config, to be filled in by `spacy train`.
    RAISES (ValueError): GP228 if there is no such recipe, GP230 if it has no encoder
        to name, GP241 if a config cannot hold the language or the encoder.
    """
    known = recipes()
    if name not in known:
        raise ValueError(Errors.GP228.format(name=name, known=", ".join(known)))
    if name == TOK2VEC and encoder is not None:
        raise ValueError(Errors.GP230.format(name=name, encoder=encoder))
    recipe = known[name]
    values = {**recipe.values, **(ON_GPU if gpu else {})}
    if gpu and name != TOK2VEC:
        values.update(TRANSFORMER_ON_GPU)
    given = {"nlp.lang": lang, "paths.encoder": encoder}
    values.update((place, value) for place, value in given.items() if value is not None)
    options = {"--lang": lang, "--encoder": encoder}
    for option, value in options.items():
        _check_value(option, value or "")
    words = [name, *(["--gpu"] if gpu else [])]
    words += [x for pair in options.items() if pair[1] is not None for x in pair if x]
    command = f"spacy global-pointer config {shlex.join(words)}"
    head = f"# {recipe.about}.\n# Made by `{command}`; {recipe.source}.\n\n"
    return head + set_values(base_config(name), values)


def _check_value(option: str, value: str) -> None:
    """Check that a config returns a text unchanged. JSON keeps all other characters."""
    what = "a line end or another control character"
    if value == visible(value):
        if "$" not in value:
            return
        what = "a $, with which names of other settings begin"
    raise ValueError(Errors.GP241.format(option=option, value=value, what=what))


def base_config(name: str) -> str:
    """Return the config in which the values of a recipe are set.

    name (str): Name of the recipe.
    RETURNS (str): The config.
    """
    template = (_HERE / "base.cfg.jinja").read_text(encoding="utf-8")
    form = jinja2.Template(template, trim_blocks=True, lstrip_blocks=True)
    return form.render(tok2vec=name == TOK2VEC)


def set_values(config: str, values: Dict[str, Any]) -> str:
    """Change settings in the text of a config, and keep its comments and order.

    config (str): The config, with a line for each of the settings.
    values (Dict[str, Any]): Settings by their place.
    RETURNS (str): The config.
    RAISES (KeyError): The config has no line for a setting.
    """
    left, section, lines = dict(values), "", []
    for line in config.splitlines():
        if line.startswith("["):
            section = line.strip("[]")
        place = f"{section}.{line.partition(' = ')[0]}"
        if place in left and " = " in line:
            value = json.dumps(left.pop(place), ensure_ascii=False)
            line = f"{line.partition(' = ')[0]} = {value}"
        lines.append(line)
    if left:
        raise KeyError(", ".join(left))
    return "\n".join(lines) + "\n"


def table() -> List[List[str]]:
    """RETURNS (List[List[str]]): Name, language, encoder and description of each."""
    return [
        [
            recipe.name,
            recipe.values.get("nlp.lang", "en"),
            recipe.encoder,
            recipe.about,
        ]
        for recipe in recipes().values()
    ]
