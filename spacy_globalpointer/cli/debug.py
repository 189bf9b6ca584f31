"""`spacy global-pointer debug`."""

from __future__ import annotations

from dataclasses import replace
from enum import Enum
from pathlib import Path
from typing import Annotated, Any, Dict, List, Optional

from spacy.cli._util import Arg, Opt, import_code

from ..diagnostics.checked_settings import (
    CheckedSettings,
    EncoderSettings,
    read_settings,
)
from ..diagnostics.file_report import (
    EncoderReading,
    load_language,
    load_reading,
    read_report,
)
from ..diagnostics.findings import find_all
from ..diagnostics.notes import notes
from ..errors import Errors
from ._util import reported_errors
from .debug_tables import print_shared, print_small, print_statistics
from .terminal import msg


class Overlap(str, Enum):
    """Overlap policies of the component."""

    any = "any"
    nested = "nested"
    flat = "flat"


def debug_cli(
    paths: Annotated[
        List[Path],
        Arg(
            help=".spacy files (or folders of them), such as train.spacy dev.spacy",
            exists=True,
        ),
    ],
    config: Annotated[
        Optional[Path],
        Opt(
            "--config",
            "-C",
            help="Training config, or folder of a pipeline. The data is checked "
            "against its settings; the options below override them",
            exists=True,
        ),
    ] = None,
    component: Annotated[
        Optional[str],
        Opt("--component", help="Name of the component, if the config has several"),
    ] = None,
    code: Annotated[
        Optional[Path],
        Opt("--code", "-c", help="Python file to import, as for `spacy train`"),
    ] = None,
    spans_key: Annotated[
        Optional[str],
        Opt("--spans-key", "-k", help="Key of the spans in doc.spans; sc by default"),
    ] = None,
    max_span_length: Annotated[
        Optional[int],
        Opt(
            "--max-span-length",
            "-m",
            min=1,
            help="Count the gold spans with more tokens than this",
        ),
    ] = None,
    overlap: Annotated[
        Optional[Overlap],
        Opt(
            "--overlap",
            "-o",
            help="Overlap policy: count the gold spans that it would lose",
        ),
    ] = None,
    chunk_size: Annotated[
        Optional[int],
        Opt("--chunk-size", min=0, help="Tokens of a training chunk; 0 for no chunks"),
    ] = None,
    lang: Annotated[
        Optional[str],
        Opt(
            "--lang",
            "-l",
            help="Compare the tokens with those of this language's tokenizer",
        ),
    ] = None,
    encoder: Annotated[
        Optional[str],
        Opt(
            "--encoder",
            "-e",
            help="Count the word pieces of this encoder: a folder, the name of a model "
            "on a hub, or the folder of a trained pipeline",
        ),
    ] = None,
    window: Annotated[
        Optional[int],
        Opt("--window", "-w", min=1, help="Word pieces that the encoder reads at once"),
    ] = None,
    context: Annotated[
        Optional[int],
        Opt("--context", min=0, help="Word pieces of context on each side of a window"),
    ] = None,
) -> None:
    """Compare the content of .spacy files, and show what a model cannot learn.

    A finding is a warning if it concerns at least 1 % of a file's spans and at least 3
    of them, or at least 1 % of its documents. Smaller findings are notes in a table.
    Chunks are compared with windows on the training file: the file that the config
    names, or else one whose name begins with train, or else the first file.

    The exit status is 1 if a file has no spans under the key.
    """
    with reported_errors():
        import_code(code)
        settings = _settings(config, component)
        options: Dict[str, Any] = {
            "spans_key": spans_key,
            "max_span_length": max_span_length,
            "overlap": None if overlap is None else overlap.value,
            "chunk_size": chunk_size,
        }
        given = {name: value for name, value in options.items() if value is not None}
        read_by = None
        if not settings.has_tok2vec:
            read_by = _encoder(settings.encoder, encoder, window, context)
        settings = replace(settings, **given, encoder=read_by)
        nlp = load_language(config, lang)
        reading = None if read_by is None else load_reading(read_by)
        reports = {
            _name(path, paths): read_report(path, settings, nlp, reading)
            for path in paths
        }
    if config is not None:
        msg.info(f"Checked against {config}: {_describe(settings, reading)}")
    if settings.has_tok2vec and (encoder or window or context is not None):
        msg.info(
            "--encoder, --window and --context have no effect here: the config uses "
            "spaCy's tok2vec, which reads words, not word pieces"
        )
    print_statistics(reports, settings)
    print_shared(reports)
    findings = list(find_all(reports, settings, reading))
    print_small(findings)
    for finding in findings:
        if finding.is_large:
            getattr(msg, finding.large_kind)(f"{finding.file} {finding.sentences}")
    train = _name(_find_train(paths, settings), paths)
    for kind, text in notes(reports, settings, reading, train=train):
        getattr(msg, kind)(text)


def _settings(config: Optional[Path], component: Optional[str]) -> CheckedSettings:
    if config is not None:
        return read_settings(config, component)
    if component is not None:
        fields = {"option": "--component", "needed": "--config"}
        raise ValueError(Errors.GP158.format(**fields))
    return CheckedSettings()


def _encoder(
    found: Optional[EncoderSettings],
    name: Optional[str],
    window: Optional[int],
    context: Optional[int],
) -> Optional[EncoderSettings]:
    """Return the config's encoder, if there is one, with the values of the options."""
    if name is not None:
        found = EncoderSettings(name) if found is None else replace(found, name=name)
    options = {"window": window, "context": context}
    given: Dict[str, Any]
    given = {key: value for key, value in options.items() if value is not None}
    if found is None:
        for key in given:
            fields = {"option": f"--{key}", "needed": "--encoder"}
            raise ValueError(Errors.GP158.format(**fields))
        return None
    return replace(found, has_windows=found.has_windows or bool(given), **given)


def _describe(settings: CheckedSettings, reading: Optional[EncoderReading]) -> str:
    values: Dict[str, object] = {
        "spans_key": repr(settings.spans_key),
        "overlap": repr(settings.overlap),
        "max_span_length": settings.max_span_length or "null",
        "chunk_size": settings.chunk_size,
        "encoder": "unknown; name one with --encoder",
    }
    if settings.has_tok2vec:
        values["encoder"] = "spaCy's tok2vec"
    if reading is not None:
        values["encoder"] = reading.settings.name
        values["window"] = (
            reading.window or "unknown for this architecture, not checked"
        )
        values["context"] = reading.settings.context
    return ", ".join(f"{name} = {value}" for name, value in values.items())


def _find_train(paths: List[Path], settings: CheckedSettings) -> Path:
    """Find the training file: the file that the config names, or else one whose name
    begins with train, or else the first file."""
    wanted = settings.train_path
    if wanted is not None:
        for path in paths:
            if path.resolve() == wanted.resolve():
                return path
    named = [path for path in paths if path.name.lower().startswith("train")]
    return (named or paths)[0]


def _name(path: Path, paths: List[Path]) -> str:
    same = [other for other in paths if other.stem == path.stem]
    return path.stem if len(same) == 1 else str(path)
