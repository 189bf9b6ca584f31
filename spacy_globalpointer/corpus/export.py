"""Write Docs to annotation files, for correction in a tool."""

from __future__ import annotations

import gzip
import shutil
from bisect import bisect_left
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import (
    Any,
    Callable,
    Dict,
    Iterable,
    Iterator,
    List,
    Optional,
    Tuple,
    Union,
)
from typing import Counter as CounterT

from ..atomic import atomic_file, atomic_folder
from ..errors import Errors
from .annotations import AnnotatedText, Document
from .formats.files import GZ, other_files
from .formats.format import Format
from .formats.registry import FORMATS, read_documents
from .formats.spacy_docbin import SPACY
from .splits import shorten

PathT = Union[str, Path]
Progress = Callable[[Iterator[Document]], Iterator[Document]]


@dataclass
class ExportSummary:
    """Counts of what `export_docs` wrote.

    documents (int): Documents.
    labels (Counter[str]): Spans by label.
    below (int): Spans left out because their score is below `min_score`.
    rejected (Counter[str]): Annotations of Docs that are not spans of their text, by
        reason: spans without characters, and labels of the document.
    cut (int): Spans that begin or end within a token. The token was cut there, because
        the format stores tokens only.
    """

    documents: int = 0
    labels: CounterT[str] = field(default_factory=Counter)
    below: int = 0
    rejected: CounterT[str] = field(default_factory=Counter)
    cut: int = 0


def export_docs(
    docs: PathT,
    output: PathT,
    *,
    format: Format,
    spans_key: str = "sc",
    ents: bool = False,
    min_score: Optional[float] = None,
    options: Optional[Dict[str, str]] = None,
    force: bool = False,
    progress: Optional[Progress] = None,
) -> ExportSummary:
    """Write the spans of Docs in the format of a tool.

    One document is in memory at a time. The output appears whole or not at all.

    docs (PathT): A .spacy file, or a folder of such files.
    output (PathT): The file to write, packed if its name ends in .gz; a folder if
        `format.writes_folder`.
    format (Format): The format.
    spans_key (str): Key of the spans in `Doc.spans`.
    ents (bool): Whether to use `doc.ents` if there is no such key.
    min_score (Optional[float]): Lowest score of a span to write, from 0 to 1. Spans
        without a score are written.
    options (Optional[Dict[str, str]]): Options of the format's writer, as text.
    force (bool): Whether to replace an output that exists.
    progress (Optional[Callable]): Wraps the iterator over the documents.
    RETURNS (ExportSummary): Counts of what was written.
    RAISES (ValueError): A bad option; GP168 if the format has no writer; GP182, GP183
        or GP195 if the output may not be written; GP120 if there is no document; and
        what the reader of .spacy files raises.
    """
    write = check_writer(format)
    given = format.writing(options or {})
    if min_score is not None and not 0 <= min_score <= 1:
        raise ValueError(Errors.GP184.format(value=min_score))
    target = check_output(Path(output), format, force=force)
    chosen = {"spans_key": spans_key, "ents": ents}
    documents = read_documents(SPACY, Path(docs), options=chosen)
    if progress is not None:
        documents = progress(documents)
    summary = ExportSummary()
    write_whole = atomic_folder if format.writes_folder else packed_file
    with write_whole(target) as draft:
        chosen_spans = _select(documents, min_score, summary)
        if format.cuts_tokens:
            chosen_spans = _count_cuts(chosen_spans, summary)
        write(chosen_spans, draft, **given)
        if not summary.documents:
            raise ValueError(Errors.GP120.format(path=docs))
    return summary


def check_writer(format: Format) -> Callable[..., None]:
    """Return a format's writer. RAISES (ValueError): GP168 if it has none."""
    if format.write is None:
        known = ", ".join(name for name, f in FORMATS.items() if f.write is not None)
        raise ValueError(Errors.GP168.format(format=format.name, known=known))
    return format.write


def check_output(output: Path, format: Format, *, force: bool) -> Path:
    """Check that a file or folder can be written.

    output (Path): The file or folder.
    format (Format): The format.
    force (bool): Whether it may be replaced. An empty folder always is.
    RETURNS (Path): The absolute path.
    RAISES (ValueError): GP183 if it is a folder instead of a file, or the reverse;
        GP182 if it exists and may not be replaced; GP195 if it is a folder with other
        files, which would be lost.
    """
    output = output.absolute()
    if not output.exists():
        return output
    if output.is_dir() != format.writes_folder:
        kinds = ("a folder", "one file")
        found, wanted = kinds if output.is_dir() else reversed(kinds)
        fields = {"path": output, "found": found, "wanted": wanted}
        raise ValueError(Errors.GP183.format(**fields, format=format.name))
    is_empty = output.is_dir() and not any(output.iterdir())
    if not force and not is_empty:
        raise ValueError(Errors.GP182.format(path=output))
    if output.is_dir():
        others = other_files(output, format.suffixes)
        if others:
            fields = {"path": output, "names": shorten(others), "format": format.name}
            raise ValueError(Errors.GP195.format(**fields))
    return output


@contextmanager
def packed_file(path: Path) -> Iterator[Path]:
    """Write a file as `atomic_file` does, packed if its name ends in .gz.

    path (Path): The file.
    YIELDS (Path): Where to write it, unpacked.
    """
    with atomic_file(path) as draft:
        plain = draft.with_name(draft.name.removesuffix(GZ))
        yield plain
        if plain != draft:
            _pack(plain, draft)


def _pack(plain: Path, packed: Path) -> None:
    """Pack a file without time and name, so that the same content makes the same
    file."""
    with open(plain, "rb") as source, open(packed, "wb") as raw:
        settings: Dict[str, Any] = {"filename": "", "mode": "wb", "mtime": 0}
        with gzip.GzipFile(fileobj=raw, **settings) as target:
            shutil.copyfileobj(source, target)


def _select(
    documents: Iterable[Document], min_score: Optional[float], summary: ExportSummary
) -> Iterator[AnnotatedText]:
    """Drop spans below the lowest score, and count spans and rejects."""
    lowest = 0.0 if min_score is None else min_score
    for document, rejects in documents:
        spans = [s for s in document.spans if s.score is None or s.score >= lowest]
        summary.documents += 1
        summary.labels.update(span.label for span in spans)
        summary.below += len(document.spans) - len(spans)
        summary.rejected.update(reject.reason.value for reject in rejects)
        yield replace(document, spans=spans)


def _count_cuts(
    documents: Iterable[AnnotatedText], summary: ExportSummary
) -> Iterator[AnnotatedText]:
    """Count the spans that begin or end within a token."""
    for document in documents:
        tokens = document.tokens or []
        starts = [start for start, _ in tokens]
        summary.cut += sum(
            any(_is_within(place, tokens, starts) for place in (span.start, span.end))
            for span in document.spans
        )
        yield document


def _is_within(place: int, tokens: List[Tuple[int, int]], starts: List[int]) -> bool:
    """RETURNS (bool): Whether an offset is inside a token, and not at its edge."""
    owner = bisect_left(starts, place) - 1
    return owner >= 0 and place < tokens[owner][1]
