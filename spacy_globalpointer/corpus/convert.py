"""Annotation files to .spacy files, with an account of every annotation."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, List, Optional, Set, Union
from typing import Counter as CounterT

import srsly
from spacy.language import Language
from spacy.tokens import DocBin

from ..errors import Errors
from .align import make_doc
from .annotations import AnnotatedText, Reason, Reject
from .brat import Document, read_brat
from .splits import assign_splits
from .statistics import CorpusStatistics

PathT = Union[str, Path]
#: Readers by the name of their format: `read(path, *, encoding)`.
FORMATS: Dict[str, Callable[..., Iterator[Document]]] = {"brat": read_brat}
SUMMARY = "summary.json"


@dataclass
class SplitSummary:
    """What became of the annotations of a split.

    statistics (CorpusStatistics): What is in the split now.
    read (int): Annotations read, of every kind.
    kept (int): Spans kept.
    adjusted (int): Those of the kept ones that were expanded or contracted.
    rejected (Counter[str]): Rejects by reason.
    """

    statistics: CorpusStatistics
    read: int = 0
    kept: int = 0
    adjusted: int = 0
    rejected: CounterT[str] = field(default_factory=Counter)

    @property
    def lost(self) -> int:
        """RETURNS (int): Rejects that were meant as a span of their own: all but
        those that are not spans and duplicates."""
        losses = (reason.value for reason in Reason if reason.is_loss)
        return sum(self.rejected[reason] for reason in losses)

    def to_dict(self) -> Dict[str, Any]:
        """RETURNS (Dict[str, Any]): The summary, ready for JSON."""
        return {
            "read": self.read,
            "kept": self.kept,
            "adjusted": self.adjusted,
            "rejected": dict(sorted(self.rejected.items())),
            "lost": self.lost,
            **self.statistics.to_dict(),
        }


@dataclass
class ConversionSummary:
    """What became of a corpus.

    splits (Dict[str, SplitSummary]): The summary of each split.
    """

    splits: Dict[str, SplitSummary]

    @property
    def lost(self) -> int:
        """RETURNS (int): Annotations lost in all splits, see `SplitSummary`."""
        return sum(split.lost for split in self.splits.values())

    def to_dict(self) -> Dict[str, Any]:
        """RETURNS (Dict[str, Any]): The summaries by split, ready for JSON."""
        return {name: split.to_dict() for name, split in self.splits.items()}


class SplitWriter:
    """Collects the Docs of a split.

    spans_key (str): Key of the spans in `Doc.spans`.
    """

    def __init__(self, spans_key: str) -> None:
        self.spans_key = spans_key
        # Text and spaces; span groups and user data are always stored.
        self.doc_bin = DocBin(attrs=["ORTH"], store_user_data=True)
        self.rejects: List[Reject] = []
        self.summary = SplitSummary(CorpusStatistics(spans_key))

    def add(
        self,
        nlp: Language,
        annotated: AnnotatedText,
        rejects: List[Reject],
        on_misaligned: str,
    ) -> None:
        """Convert a document and count the fates of its annotations.

        nlp (Language): The pipeline with the tokenizer.
        annotated (AnnotatedText): The document.
        rejects (List[Reject]): What the reader rejected of it.
        on_misaligned (str): As in `align.make_doc`.
        """
        options = {"spans_key": self.spans_key, "on_misaligned": on_misaligned}
        doc, misfits = make_doc(nlp, annotated, **options)
        self.doc_bin.add(doc)
        self.rejects.extend([*rejects, *misfits])
        places = {(span.label, span.start, span.end) for span in annotated.spans}
        group = doc.spans[self.spans_key]
        kept = [(span.label_, span.start_char, span.end_char) for span in group]
        summary = self.summary
        summary.statistics.add(doc)
        summary.read += annotated.n_read
        summary.kept += len(kept)
        summary.adjusted += sum(place not in places for place in kept)
        summary.rejected.update(r.reason.value for r in [*rejects, *misfits])


def convert_corpus(
    source: PathT,
    output: PathT,
    *,
    nlp: Language,
    splits: Optional[PathT] = None,
    seed: int = 0,
    spans_key: str = "sc",
    on_misaligned: str = "reject",
    encoding: str = "utf-8",
    progress: Optional[Callable[[Iterator[Document], int], Iterator[Document]]] = None,
) -> ConversionSummary:
    """Convert annotation files to .spacy files.

    Writes SPLIT.spacy for each split, the annotations that are not in them to
    rejects.jsonl, and the summary to summary.json. The corpus is read twice, so that
    an error in a file shows before the long work. Nothing is written before all of
    it has been read, and each file then appears whole. Splits of an earlier
    conversion into the folder that are not made again are removed, so that no old
    test set stays beside a new training set; other files are left as they are.

    source (PathT): The corpus: a folder or file of brat.
    output (PathT): The output folder. It need not exist.
    nlp (Language): The pipeline whose tokenizer makes the Docs.
    splits (Optional[PathT]): A JSON file, or fractions such as "0.8,0.1,0.1", see
        `splits.assign_splits`. None writes one file, all.spacy.
    seed (int): Seed for fractions.
    spans_key (str): Key of the spans in `Doc.spans`.
    on_misaligned (str): As in `align.make_doc`.
    encoding (str): Encoding of the source files.
    progress (Optional[Callable]): Wraps the iterator over the documents; is called
        with the iterator and their number.
    RETURNS (ConversionSummary): What became of the annotations.
    RAISES (ValueError): Files that cannot be read, or splits that do not fit them.
    """
    read = FORMATS["brat"]
    names = [annotated.name for annotated, _ in read(source, encoding=encoding)]
    assigned = assign_splits(names, splits, seed=seed)
    writers = {split: SplitWriter(spans_key) for split in _ordered(assigned)}
    documents = read(source, encoding=encoding)
    if progress is not None:
        documents = progress(documents, len(names))
    for annotated, rejects in documents:
        writers[assigned[annotated.name]].add(nlp, annotated, rejects, on_misaligned)
    for split, writer in writers.items():
        check_account(split, writer.summary)
    outdated = _earlier_files(Path(output)) - {f"{split}.spacy" for split in writers}
    with staged_folder(Path(output)) as folder:
        _write(folder, writers)
    for name in outdated:
        (Path(output) / name).unlink(missing_ok=True)
    return ConversionSummary({name: w.summary for name, w in writers.items()})


def check_account(split: str, summary: SplitSummary) -> None:
    """Check that every annotation has had one fate.

    split (str): Name of the split.
    summary (SplitSummary): Its summary.
    RAISES (RuntimeError): The numbers do not add up.
    """
    kept, rejected = summary.kept, sum(summary.rejected.values())
    if summary.read != kept + rejected:
        fields = {"read": summary.read, "kept": kept, "rejected": rejected}
        raise RuntimeError(Errors.GP115.format(split=split, **fields))


@contextmanager
def staged_folder(output: Path) -> Iterator[Path]:
    """Fill a folder so that no file in it is ever half-written.

    output (Path): The folder; is made if it does not exist.
    YIELDS (Path): A temporary folder on the same disk. Its files are moved to the
        output folder at the end, summary.json as the last one, which so vouches for
        the others; if there was an error, nothing remains of them.
    """
    output = output.absolute()
    output.parent.mkdir(parents=True, exist_ok=True)
    place = output if output.is_dir() else output.parent
    staging = Path(tempfile.mkdtemp(prefix=f".{output.name}.", dir=place))
    try:
        yield staging
        output.mkdir(exist_ok=True)
        for file in sorted(staging.iterdir(), key=_summary_last):
            os.replace(file, output / file.name)
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def _ordered(assigned: Dict[str, str]) -> List[str]:
    """RETURNS (List[str]): The splits, train, dev and test first."""
    known = {"train": 0, "dev": 1, "test": 2}
    return sorted(set(assigned.values()), key=lambda name: (known.get(name, 3), name))


def _earlier_files(output: Path) -> Set[str]:
    """RETURNS (Set[str]): Names of the files of splits that an earlier conversion
    wrote to the folder."""
    summary = output / SUMMARY
    if not summary.is_file():
        return set()
    return {f"{split}.spacy" for split in srsly.read_json(summary)}


def _summary_last(file: Path) -> bool:
    return file.name == SUMMARY


def _write(folder: Path, writers: Dict[str, SplitWriter]) -> None:
    rejects = []
    for split, writer in writers.items():
        writer.doc_bin.to_disk(folder / f"{split}.spacy")
        rejects.extend([{"split": split, **vars(r)} for r in writer.rejects])
    srsly.write_jsonl(folder / "rejects.jsonl", rejects)
    summary = ConversionSummary({name: w.summary for name, w in writers.items()})
    srsly.write_json(folder / SUMMARY, summary.to_dict())
