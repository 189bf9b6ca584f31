"""Settings of a training config or a pipeline that a corpus is checked against."""

from __future__ import annotations

import configparser
from dataclasses import dataclass, field
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any, Dict, List, NamedTuple, Optional

import spacy
from spacy import util
from spacy.language import Language
from thinc.api import Config

from ..errors import Errors
from ..pipeline.settings import check_setting
from ..pipeline.span_loss import make_span_loss_v1
from ..values import is_whole

FACTORY = "global_pointer"
#: Settings of the component that are copied from its section.
CHECKED = ("spans_key", "max_span_length", "overlap")
#: Groups of entry points, and the modules whose functions this module knows.
READERS = ("spacy_readers", "spacy_globalpointer.corpus.reader")
LOSSES = ("thinc_losses", "spacy_globalpointer.pipeline.span_loss")
OUR_ENCODERS = (
    "spacy_architectures",
    "spacy_globalpointer.encoders.transformer_model",
)
OTHER_ENCODERS = (
    "spacy-transformers.TransformerModel.",
    "spacy-transformers.Tok2VecTransformer.",
)
LISTENER = "spacy-transformers.TransformerListener."
#: spaCy's own encoders, and the layer that listens to one.
TOK2VEC = ("spacy.Tok2Vec", "spacy.HashEmbedCNN.")


@dataclass(frozen=True)
class EncoderSettings:
    """Settings of an encoder that determine how it reads a text.

    name (str): As in `encoders.folders.load_encoder`.
    window (Optional[int]): Highest number of word pieces that it reads at once; None
        for as many as it can.
    context (int): Word pieces of context that a window reads on each side.
    has_windows (bool): Whether the windows are those of this package. Other
        architectures have their own.
    tokenizer_config (Dict[str, Any]): Settings for `AutoTokenizer.from_pretrained`.
    transformer_config (Dict[str, Any]): Settings for `AutoConfig.from_pretrained`.
    keep_token_borders (bool): Whether each word piece is inside a single token.
    """

    name: str
    window: Optional[int] = None
    context: int = 16
    has_windows: bool = True
    tokenizer_config: Dict[str, Any] = field(default_factory=dict)
    transformer_config: Dict[str, Any] = field(default_factory=dict)
    keep_token_borders: bool = False


@dataclass(frozen=True)
class CheckedSettings:
    """Settings that a corpus is checked against, made by `read_settings`. The defaults
    are the component's.

    spans_key (str): Key of the spans in `Doc.spans`.
    max_span_length (Optional[int]): Longest span in tokens; None for no limit.
    overlap (str): The overlap policy.
    chunk_size (int): Highest number of tokens of a training chunk; 0 for whole
        documents.
    train_path (Optional[Path]): The training file; None if the config names none.
    encoder (Optional[EncoderSettings]): The encoder; None if there is none.
    has_tok2vec (bool): Whether the component uses spaCy's tok2vec, which reads words,
        not word pieces.
    named_labels (Dict[str, List[str]]): Labels that the settings `thresholds` and
        `label_weights` name.
    weights_by_number (Optional[str]): How the loss weights labels by their number of
        gold spans, "inverse" or "inverse_sqrt". None if it does not, or if the
        component is trained and keeps its weights.
    """

    spans_key: str = "sc"
    max_span_length: Optional[int] = None
    overlap: str = "any"
    chunk_size: int = 0
    train_path: Optional[Path] = None
    encoder: Optional[EncoderSettings] = None
    has_tok2vec: bool = False
    named_labels: Dict[str, List[str]] = field(default_factory=dict)
    weights_by_number: Optional[str] = None


class _Block(NamedTuple):
    """Section and name of a component, and the trained pipeline that contains it."""

    section: Dict[str, Any]
    name: str
    folder: Optional[Path]


def read_settings(path: Path, component: Optional[str] = None) -> CheckedSettings:
    """Read the settings of a config, without making a component or loading a model.

    path (Path): A config, filled in or not, or the folder of a pipeline.
    component (Optional[str]): Name of the component; None if there is only one.
    RETURNS (CheckedSettings): The settings.
    RAISES (ValueError): GP155 if it is not a config; GP156 if it is not clear which
        component is meant; GP157 if the component is in another pipeline that does not
        exist; GP010 to GP012, GP020, GP063, GP117 or GP226 if a setting is not valid.
    """
    config = _load(path)
    blocks = _blocks(config, _pipeline_folder(path))
    block = _choose(path, config, blocks, component)
    given = {key: block.section[key] for key in CHECKED if key in block.section}
    reader = _train_reader(config)
    is_trained = block.folder != _pipeline_folder(path)  # and keeps its weights
    settings = CheckedSettings(
        **given,
        chunk_size=_chunk_size(reader),
        train_path=Path(reader["path"]) if reader.get("path") else None,
        encoder=_find_encoder(blocks, block),
        has_tok2vec=_tok2vec(block).get("@architectures", "").startswith(TOK2VEC),
        named_labels={} if is_trained else _named_labels(block),
        weights_by_number=None if is_trained else _weights_by_number(block),
    )
    _check(settings)
    return settings


def read_language(path: Path) -> Language:
    """Make the pipeline of a config without its components, for its tokenizer.

    path (Path): As in `read_settings`.
    RETURNS (Language): The pipeline. The tokenizer of a trained pipeline is the saved
        one.
    """
    config = _load(path)
    folder = _pipeline_folder(path)
    if folder is not None:
        return spacy.load(folder, exclude=config["nlp"]["pipeline"])
    language = {**config.get("nlp", {}), "pipeline": [], "disabled": []}
    return util.load_model_from_config(Config({"nlp": language}), auto_fill=True)


def _load(path: Path) -> Config:
    file = path / "config.cfg" if path.is_dir() else path
    try:
        return util.load_config(file, interpolate=True)
    except (ValueError, configparser.Error) as error:
        reason = " ".join(str(error).split())
        raise ValueError(Errors.GP155.format(path=file, reason=reason)) from error


def _pipeline_folder(path: Path) -> Optional[Path]:
    """Find the folder of the trained pipeline that a config belongs to, if there is
    one."""
    folder = path if path.is_dir() else path.parent
    is_own = path.is_dir() or path.name == "config.cfg"
    return folder if is_own and (folder / "meta.json").is_file() else None


def _blocks(config: Config, folder: Optional[Path]) -> Dict[str, Optional[_Block]]:
    """Return the pipeline's components in order; None for a component from a pipeline
    that does not exist."""
    components = config.get("components", {})
    names = config.get("nlp", {}).get("pipeline", list(components))
    return {n: _block(components[n], n, folder) for n in names if n in components}


def _block(
    section: Dict[str, Any], name: str, folder: Optional[Path]
) -> Optional[_Block]:
    if "source" not in section:
        return _Block(section, name, folder)
    source = _source_folder(section["source"])
    if source is None:
        return None
    name = section.get("component", name)
    return _blocks(_load(source), source).get(name)


def _source_folder(source: str) -> Optional[Path]:
    if Path(source).is_dir():
        return Path(source)
    if not util.is_package(source):
        return None
    package = util.get_package_path(source)
    meta = util.get_model_meta(package)
    return package / f"{meta['lang']}_{meta['name']}-{meta['version']}"


def _choose(
    path: Path,
    config: Config,
    blocks: Dict[str, Optional[_Block]],
    component: Optional[str],
) -> _Block:
    if component in blocks and blocks[component] is None:
        source = config["components"][component]["source"]
        fields = {"name": component, "path": path, "source": source}
        raise ValueError(Errors.GP157.format(**fields))
    ours = {
        name: block
        for name, block in blocks.items()
        if block is not None and block.section.get("factory") == FACTORY
    }
    if component is None and len(ours) == 1:
        return next(iter(ours.values()))
    if component not in ours:
        given = "not set" if component is None else repr(component)
        fields = {"path": path, "names": ", ".join(ours) or "none", "given": given}
        raise ValueError(Errors.GP156.format(**fields))
    return ours[component]


def _check(settings: CheckedSettings) -> None:
    for name in CHECKED:
        check_setting(name, getattr(settings, name))
    if settings.weights_by_number is not None:
        make_span_loss_v1(label_weights=settings.weights_by_number)


def _find_encoder(
    blocks: Dict[str, Optional[_Block]], block: _Block
) -> Optional[EncoderSettings]:
    """Find the encoder inside the component, or of the transformer that it listens
    to."""
    tok2vec = _tok2vec(block)
    architecture = tok2vec.get("@architectures", LISTENER)
    if not architecture.startswith(LISTENER):
        return _encoder(tok2vec, block)
    upstream = tok2vec.get("upstream", "*")
    for name, other in blocks.items():
        is_transformer = other and other.section.get("factory") == "transformer"
        if other and is_transformer and upstream in ("*", name):
            return _encoder(other.section.get("model", {}), other)
    return None


def _tok2vec(block: _Block) -> Dict[str, Any]:
    """Return the section of the token vectors. If its layer wraps another one, as a
    memory does, return the section of that."""
    section = block.section.get("model", {}).get("tok2vec", {})
    while isinstance(section.get("tok2vec"), dict):
        section = section["tok2vec"]
    return dict(section)


def _encoder(model: Dict[str, Any], block: _Block) -> Optional[EncoderSettings]:
    architecture, name = model.get("@architectures", ""), model.get("name")
    ours = _is_registered(architecture, *OUR_ENCODERS)
    if block.section.get("factory") == "transformer" and block.folder is not None:
        name = str(block.folder / block.name)
    if not name or not (ours or architecture.startswith(OTHER_ENCODERS)):
        return None
    return EncoderSettings(
        name,
        window=model.get("window") if ours else None,
        context=model.get("context", 16) if ours else 0,
        has_windows=ours,
        tokenizer_config=model.get("tokenizer_config") or {},
        transformer_config=model.get("transformer_config") or {},
        keep_token_borders=ours and model.get("keep_token_borders", False),
    )


def _named_labels(block: _Block) -> Dict[str, List[str]]:
    weights, thresholds = _label_weights(block), block.section.get("thresholds")
    if thresholds is not None:
        check_setting("thresholds", thresholds)
    named = {"thresholds": thresholds, "label_weights": weights}
    return {key: list(x) for key, x in named.items() if x and isinstance(x, dict)}


def _weights_by_number(block: _Block) -> Optional[str]:
    weights = _label_weights(block)
    return weights if isinstance(weights, str) else None


def _label_weights(block: _Block) -> Any:
    loss = block.section.get("loss") or {}
    is_ours = "@losses" not in loss or _is_registered(loss["@losses"], *LOSSES)
    return loss.get("label_weights") if is_ours else None


def _train_reader(config: Config) -> Dict[str, Any]:
    """Return the section of the training corpus. If its reader wraps another one,
    return the section of that."""
    place = config.get("training", {}).get("train_corpus", "corpora.train")
    section: Any = config
    for key in place.split("."):
        section = section.get(key, {})
    while isinstance(section.get("corpus"), dict):
        section = section["corpus"]
    return dict(section)


def _chunk_size(reader: Dict[str, Any]) -> int:
    """Return the chunk size of the training corpus; 0 if it is not read in chunks."""
    has_chunks = _is_registered(reader.get("@readers", ""), *READERS)
    size = reader.get("chunk_size", 0) if has_chunks else 0
    if not is_whole(size, least=0):
        raise ValueError(Errors.GP117.format(name="chunk_size", value=size, least=0))
    return int(size)


def _is_registered(name: str, group: str, module: str) -> bool:
    """Check whether a registered name belongs to a function of a module."""
    return any(point.module == module for point in entry_points(group=group, name=name))
