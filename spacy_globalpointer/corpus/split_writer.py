"""Write the Docs of a split one by one, with one file in memory."""

from __future__ import annotations

from pathlib import Path
from typing import List

from spacy.tokens import DocBin

from .align import Alignment
from .annotations import AnnotatedText, Reject
from .statistics import CorpusStatistics
from .summary import SplitSummary

#: Approximate number of tokens per file. After it, another file begins.
FILE_TOKENS = 2_000_000


class SplitWriter:
    """Writer of a split to NAME.spacy: a file, or a folder of files if there are more
    than `FILE_TOKENS` tokens. spaCy's readers accept both.

    folder (Path): Where to write.
    name (str): Name of the split.
    spans_key (str): Key of the spans in `Doc.spans`.
    """

    def __init__(self, folder: Path, name: str, spans_key: str) -> None:
        self.name = name
        self.spans_key = spans_key
        self.summary = SplitSummary(CorpusStatistics(spans_key))
        self._path = folder / f"{name}.spacy"
        self._n_files = 0
        self._start_file()

    def add(
        self, annotated: AnnotatedText, aligned: Alignment, rejects: List[Reject]
    ) -> None:
        """Add a document, and count its annotations, kept and rejected.

        annotated (AnnotatedText): The document as it was read.
        aligned (Alignment): The document as it is stored.
        rejects (List[Reject]): All annotations that are not on the Doc.
        """
        doc = aligned.doc
        if self._n_tokens and self._n_tokens + len(doc) > FILE_TOKENS:
            self._finish_file()
        self._doc_bin.add(doc)
        self._n_tokens += len(doc)
        self.summary.statistics.add(doc)
        self.summary.read += annotated.n_read
        self.summary.kept += len(doc.spans[self.spans_key])
        self.summary.trimmed += aligned.trimmed
        self.summary.adjusted += aligned.adjusted
        self.summary.predicted += annotated.predicted and not annotated.spans
        self.summary.joined += annotated.joined
        self.summary.cut += annotated.cut
        self.summary.count_rejects(rejects)

    def skip(self, annotated: AnnotatedText, rejects: List[Reject]) -> None:
        """Count a document that is left out.

        annotated (AnnotatedText): The document.
        rejects (List[Reject]): All its annotations.
        """
        self.summary.skipped += 1
        self.summary.predicted += annotated.predicted
        self.summary.read += annotated.n_read
        self.summary.count_rejects(rejects)

    def close(self) -> None:
        """Write the remaining Docs.

        RAISES (RuntimeError): GP115 if the counts of annotations do not add up.
        """
        self.summary.check_account(self.name)
        if self._n_files:
            self._finish_file()
        else:
            self._doc_bin.to_disk(self._path)

    def _start_file(self) -> None:
        # Text and spaces; span groups and user data are always stored.
        self._doc_bin = DocBin(attrs=["ORTH"], store_user_data=True)
        self._n_tokens = 0

    def _finish_file(self) -> None:
        self._path.mkdir(exist_ok=True)
        self._doc_bin.to_disk(self._path / f"{self._n_files:05}.spacy")
        self._n_files += 1
        self._start_file()
