"""Convert annotation files to .spacy files, with an account of every annotation."""

from __future__ import annotations

import json
from array import array
from contextlib import nullcontext
from itertools import islice
from pathlib import Path
from typing import (
    Any,
    BinaryIO,
    Callable,
    Dict,
    Iterable,
    Iterator,
    List,
    Optional,
    Sequence,
    Set,
    Tuple,
    Union,
)

import numpy
import srsly
from spacy.language import Language

from ..errors import Errors
from ..wording import number_of
from .align import Alignment, align_text
from .annotations import AnnotatedText, Document, Reject, Source
from .annotators import AnnotatorRules, Merger
from .formats.files import check_patterns, check_regular, other_files
from .formats.format import Format
from .formats.registry import detect_format, get_format, read_documents
from .labels import LabelRules
from .split_writer import SplitWriter
from .splits import (
    Assignment,
    SplitRules,
    assign_splits,
    is_split_name,
    name_hash,
    parse_splits,
)
from .staging import SUMMARY, locked_folder, staged_folder
from .summary import ConversionSummary

PathT = Union[str, Path]
Progress = Callable[[Iterator[Document], Optional[int]], Iterator[Document]]
#: Number of words that the vocab keeps. The cache makes the tokenizer twice as fast,
#: but spaCy's memory zones have none.
MAX_WORDS = 500_000
#: Largest size of a document or of a .spacy file, in MiB.
MAX_DOCUMENT_SIZE = 1024
#: Highest number of documents with a repeated name that a message shows.
MOST_COPIES = 10
#: Documents per memory zone. Zones are used once the vocab has more than MAX_WORDS
#: words.
ZONE = 1000


def convert_corpus(
    source: PathT,
    output: PathT,
    *,
    nlp: Language,
    format: Optional[str] = None,
    options: Optional[Dict[str, str]] = None,
    exclude: Sequence[str] = (),
    splits: Optional[PathT] = None,
    seed: int = 0,
    spans_key: str = "sc",
    on_misaligned: str = "reject",
    encoding: str = "utf-8",
    max_document_size: int = MAX_DOCUMENT_SIZE,
    renamed: Optional[Dict[str, str]] = None,
    dropped: Iterable[str] = (),
    annotator: Sequence[str] = (),
    annotators: str = "error",
    progress: Optional[Progress] = None,
) -> ConversionSummary:
    """Convert annotation files to .spacy files.

    Write SPLIT.spacy for each split, the annotations that are not in them to
    rejects.jsonl, and the summary to summary.json. The corpus is read twice, so that an
    error in a file is reported before the long work. It is read once more if one text
    may have several annotators. One document is in memory at a time, so the corpus may
    be larger than the memory. Nothing is written to the output before the whole corpus
    has been converted; each file then appears whole. Splits of an earlier conversion
    that are not made again are removed from the folder, so that no old test set remains
    next to a new training set. Other files are unchanged.

    source (PathT): The corpus: a file or folder.
    output (PathT): The output folder. It need not exist.
    nlp (Language): The pipeline whose tokenizer makes the Docs.
    format (Optional[str]): Name of the corpus' format; None to detect it.
    options (Optional[Dict[str, str]]): Options of the format.
    exclude (Sequence[str]): Patterns of file names to leave out.
    splits (Optional[PathT]): A JSON file, or fractions such as "0.8,0.1,0.1", see
        `splits.parse_splits`. None writes one split, all.spacy.
    seed (int): Seed for fractions.
    spans_key (str): Key of the spans in `Doc.spans`.
    on_misaligned (str): As in `align.align_text`.
    encoding (str): Encoding of the source files.
    max_document_size (int): Largest size in MiB of one unpacked document, or of one
        .spacy file. 0 for no limit.
    renamed (Optional[Dict[str, str]]): New labels by old ones.
    dropped (Iterable[str]): Labels whose spans are left out.
    annotator (Sequence[str]): Names of the annotators whose spans are used; all if it
        is empty.
    annotators (str): Spans to use of a text with several annotations: the spans of all
        of them ("union"), the spans that are in each ("agreement"), or raise an
        "error". A format without names of annotators has one annotation of each text.
    progress (Optional[Progress]): Wraps an iterator over the documents. It is called
        with the iterator and their number, or None if that is not known yet.
    RETURNS (ConversionSummary): The account of all annotations.
    RAISES (ValueError): Files that cannot be read, no document at all, names that are
        not unique, patterns and rules for splits, labels or annotators that do not
        match the corpus, a source inside the output or the reverse, a source that is a
        device or a pipe, a document that is too large, or another process that converts
        into the output.
    """
    source, output = Path(source), Path(output)
    _check_bound(max_document_size)
    check_regular(source)
    _check_places(source, output)
    with locked_folder(output):
        earlier = {f"{split}.spacy" for split in _earlier_splits(output)}
        check_patterns(source, exclude)
        found = _find_format(source, format, encoding, exclude)
        parsed = found.reading(options or {})
        rules = parse_splits(splits)
        labels = LabelRules(renamed or {}, frozenset(dropped))
        whose = AnnotatorRules(tuple(annotator), annotators)
        files: Dict[str, Any] = {"encoding": encoding, "exclude": exclude}
        files.update(limit=max_document_size, options=parsed)
        read = _make_reader(found, source, whose, files)
        watched = progress or _unwatched
        assigned = _look_through(lambda: watched(read(), None), rules, labels, seed)
        if not len(assigned):
            raise ValueError(Errors.GP120.format(path=source))
        with staged_folder(output, earlier) as folder:
            with open(folder / "rejects.jsonl", "wb") as stream:
                writers = [SplitWriter(folder, s, spans_key) for s in assigned.splits]
                documents = watched(read(), len(assigned))
                fates = _convert(nlp, documents, labels, spans_key, on_misaligned)
                n_read = 0
                for n_read, (document, aligned, rejects) in enumerate(fates, start=1):
                    if n_read > len(assigned):
                        break
                    writer = writers[assigned.codes[n_read - 1]]
                    if aligned is None:
                        writer.skip(document, rejects)
                    else:
                        writer.add(document, aligned, rejects)
                    _write_rejects(stream, writer.name, document.name, rejects)
            if n_read != len(assigned):
                raise ValueError(Errors.GP187.format(path=source))
            for writer in writers:
                writer.close()
            splits_summary = {writer.name: writer.summary for writer in writers}
            others = other_files(
                source, found.endings_in(source, exclude), exclude=exclude
            )
            summary = ConversionSummary(splits_summary, found.name, others)
            srsly.write_json(folder / SUMMARY, summary.to_dict())
    return summary


def _find_format(
    source: Path, format: Optional[str], encoding: str, exclude: Sequence[str]
) -> Format:
    if format is None:
        return detect_format(source, encoding=encoding, exclude=exclude)
    return get_format(format)


def _make_reader(
    format: Format, source: Path, rules: AnnotatorRules, options: Dict[str, Any]
) -> Callable[[], Iterator[Document]]:
    """RETURNS (Callable[[], Iterator[Document]]): A function that reads the corpus and
    yields one document for all annotations of a text."""

    def read() -> Iterator[Document]:
        return read_documents(format, source, **options)

    if not format.has_annotators and not rules.names:
        return read
    return Merger(read, rules, source).read


def _unwatched(documents: Iterator[Document], _: Optional[int]) -> Iterator[Document]:
    return documents


def _look_through(
    read: Callable[[], Iterator[Document]],
    rules: SplitRules,
    labels: LabelRules,
    seed: int,
) -> Assignment:
    """Read the corpus once to find its errors, names and labels."""
    hashes = array("Q")

    def names() -> Iterator[Tuple[str, Source]]:
        for document, _ in read():
            hashes.append(name_hash(document.name))
            labels.apply(document, [])
            yield document.name, document.source

    assigned = assign_splits(names(), rules, seed=seed)
    _check_names(numpy.frombuffer(hashes.tobytes(), dtype=numpy.uint64), read)
    labels.check_all_used()
    labels.seen.clear()
    return assigned


def _check_names(hashes: numpy.ndarray, read: Callable[[], Iterator[Document]]) -> None:
    """Raise GP161 if several documents have the same name."""
    _, firsts, groups = numpy.unique(hashes, return_index=True, return_inverse=True)
    copies = numpy.flatnonzero(firsts[groups] != numpy.arange(len(hashes)))
    if not len(copies):
        return
    shown = copies[:MOST_COPIES]
    wanted = {int(i) for i in (*shown, *firsts[groups[shown]])}
    documents = enumerate(islice(read(), max(wanted) + 1))
    found = {i: (d.name, d.source) for i, (d, _) in documents if i in wanted}
    lines = [
        "{1} is {0!r}, as {2} is".format(*found[i], found[int(firsts[groups[i]])][1])
        for i in map(int, shown)
    ]
    lines += ["…"] if len(copies) > len(shown) else []
    documents_have = number_of(len(copies), "document has", "documents have")
    fields = {"documents": documents_have, "copies": "; ".join(lines)}
    raise ValueError(Errors.GP161.format(**fields))


def _convert(
    nlp: Language,
    documents: Iterator[Document],
    labels: LabelRules,
    spans_key: str,
    on_misaligned: str,
) -> Iterator[Tuple[AnnotatedText, Optional[Alignment], List[Reject]]]:
    """YIELDS (Tuple[AnnotatedText, Optional[Alignment], List[Reject]]): Each document
    with its Doc, and all its rejects. The Doc is None if the document is to be skipped,
    and may be invalid after the next document has been taken."""
    while True:
        batch = islice(documents, ZONE)
        first = next(batch, None)
        if first is None:
            return
        many = len(nlp.vocab.strings) > MAX_WORDS
        with nlp.memory_zone() if many else nullcontext():
            for document, rejects in _prepend(first, batch):
                document, rejects = labels.apply(document, rejects)
                if document.skip:
                    yield document, None, rejects
                    continue
                aligned = align_text(
                    nlp, document, spans_key=spans_key, on_misaligned=on_misaligned
                )
                yield document, aligned, [*rejects, *aligned.rejects]


def _prepend(first: Document, others: Iterable[Document]) -> Iterator[Document]:
    yield first
    yield from others


def _check_bound(max_document_size: int) -> None:
    """Raise GP117 for a negative bound."""
    if max_document_size < 0:
        fields = {"name": "max_document_size", "value": max_document_size, "least": 0}
        raise ValueError(Errors.GP117.format(**fields))


def _check_places(source: Path, output: Path) -> None:
    """Raise GP193 if the corpus and the output are the same, or one is in the other."""
    a, b = source.resolve(), output.resolve()
    if a == b or a in b.parents or b in a.parents:
        raise ValueError(Errors.GP193.format(source=source, output=output))


def _earlier_splits(output: Path) -> Set[str]:
    """RETURNS (Set[str]): Names of the splits that an earlier conversion wrote. Raise
    GP194 if another program wrote the summary there."""
    path = output / SUMMARY
    if not path.is_file():
        return set()
    try:
        summary = srsly.read_json(path)
    except ValueError:
        summary = None
    ours = isinstance(summary, dict) and all(
        is_split_name(name) and isinstance(split, dict) and "kept" in split
        for name, split in summary.items()
    )
    if not ours:
        raise ValueError(Errors.GP194.format(path=path))
    return set(summary)


def _write_rejects(
    stream: BinaryIO, split: str, name: str, rejects: List[Reject]
) -> None:
    for reject in rejects:
        record = {"split": split, "document": name, **vars(reject)}
        line = json.dumps(record, ensure_ascii=False)
        # Half a surrogate pair is not valid Unicode, so it is written as a JSON escape.
        stream.write(f"{line}\n".encode("utf-8", "backslashreplace"))
