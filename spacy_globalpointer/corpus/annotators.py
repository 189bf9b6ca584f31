"""Merge the annotations of one text by several annotators into one document.

A format yields each annotator's work as a document of its own, with the same `input`.
"""

from __future__ import annotations

from array import array
from dataclasses import dataclass, replace
from typing import Callable, Dict, Iterator, List, Sequence, Set, Tuple

import numpy

from ..errors import Errors
from ..wording import number_of
from .align import describe
from .annotations import AnnotatedText, Document, Reason, Reject, TextSpan
from .splits import name_hash, shorten

CHOICES = ("error", "union", "agreement")
UNNAMED = "one without a name"
Read = Callable[[], Iterator[Document]]


@dataclass(frozen=True)
class AnnotatorRules:
    """Rules that choose among the annotations of a text.

    names (Sequence[str]): Annotators whose annotations are used; all if it is empty.
    choice (str): Spans to use if several annotations remain: all spans ("union"), or
        the spans that are in every annotation ("agreement"). "error" uses the
        annotation that a reviewer has chosen, and raises an error if there is none.
    RAISES (ValueError): GP105 for another choice.
    """

    names: Sequence[str] = ()
    choice: str = "error"

    def __post_init__(self) -> None:
        if self.choice not in CHOICES:
            fields = {"value": self.choice, "known": ", ".join(CHOICES)}
            raise ValueError(Errors.GP105.format(name="annotators", **fields))

    def takes(self, document: AnnotatedText) -> bool:
        """RETURNS (bool): Whether to use a document's annotation."""
        return not document.skip and (
            not self.names or document.annotator in self.names
        )


class Merger:
    """Reader of a corpus that yields one document for all annotations of a text.

    The corpus is read once to count them. A document appears at the position of its
    text's last annotation; earlier annotations are kept in memory until then.

    read (Callable[[], Iterator[Document]]): Reads the corpus.
    rules (AnnotatorRules): Rules that choose among annotations.
    path (object): The corpus, for messages.
    RAISES (ValueError): GP147 if a text has several annotations to use and none is
        chosen, GP148 if a named annotator made no annotation.
    """

    def __init__(self, read: Read, rules: AnnotatorRules, path: object) -> None:
        self._read = read
        self._rules = rules
        self._path = path
        self._copies = self._count()

    def read(self) -> Iterator[Document]:
        """YIELDS (Document): The documents, with the rejects of all annotations."""
        waiting: Dict[int, List[Document]] = {}
        for document in self._read():
            key = _key(document[0])
            n_copies = self._copies.get(key, 1)
            if n_copies == 1:
                yield self._merge([document])
                continue
            copies = waiting.setdefault(key, [])
            copies.append(document)
            if len(copies) == n_copies:
                yield self._merge(waiting.pop(key))

    def _count(self) -> Dict[int, int]:
        """RETURNS (Dict[int, int]): The number of annotations of each text that has
        more than one."""
        keys, taken = array("Q"), array("Q")
        reviewed: Set[int] = set()
        annotators: Set[str] = set()
        for document, _ in self._read():
            annotators.add(document.annotator)
            if document.input:
                keys.append(_key(document))
                if self._rules.takes(document):
                    taken.append(keys[-1])
                    if document.reviewed:
                        reviewed.add(keys[-1])
        self._check_names(annotators)
        if self._rules.choice == "error":
            self._check_chosen(set(_repeated(taken)) - reviewed)
        return _repeated(keys)

    def _check_names(self, annotators: Set[str]) -> None:
        unknown = [name for name in self._rules.names if name not in annotators]
        if unknown:
            known = shorten(sorted(annotators - {""}), most=50) or "none"
            fields = {"path": self._path, "names": shorten(unknown), "known": known}
            raise ValueError(Errors.GP148.format(**fields))

    def _check_chosen(self, keys: Set[int]) -> None:
        """Raise GP147 if there are texts with several annotations of which none is
        chosen."""
        if not keys:
            return
        names: Set[str] = set()
        sources: Dict[int, List[str]] = {}
        for document, _ in self._read():
            key = _key(document)
            if key in keys and document.input and self._rules.takes(document):
                names.add(document.annotator or UNNAMED)
                sources.setdefault(key, []).append(str(document.source))
        first = list(dict.fromkeys(next(iter(sources.values()))))
        fields = {
            "inputs": number_of(len(keys), "text has", "texts have"),
            "path": self._path,
            "example": " and ".join(first[:2]),
            "names": shorten(sorted(names), most=50),
        }
        raise ValueError(Errors.GP147.format(**fields))

    def _merge(self, copies: List[Document]) -> Document:
        documents = [document for document, _ in copies]
        rejects = [reject for _, own in copies for reject in own]
        taken = [document for document in documents if self._rules.takes(document)]
        if len(taken) > 1 and self._rules.choice == "error":
            taken = [document for document in taken if document.reviewed][-1:]
        others = [d for d in documents if all(d is not t for t in taken)]
        for other in others:
            rejects += _reject(other, other.spans, Reason.OTHER_ANNOTATION)
        n_read = sum(document.n_read for document in documents)
        if not taken:
            return replace(documents[0], spans=[], skip=True, n_read=n_read), rejects
        spans = [span for document in taken for span in document.spans]
        if self._rules.choice == "agreement":
            spans, dropped = _agreed(taken)
            rejects += dropped
        return replace(taken[0], spans=spans, n_read=n_read), rejects


def _agreed(documents: List[AnnotatedText]) -> Tuple[List[TextSpan], List[Reject]]:
    """RETURNS (Tuple[List[TextSpan], List[Reject]]): The spans that all documents have,
    with their copies, and rejects for the other spans."""
    places = [{_place(span) for span in document.spans} for document in documents]
    agreed = set.intersection(*places)
    kept, rejects = [], []
    for document in documents:
        kept += [span for span in document.spans if _place(span) in agreed]
        others = [span for span in document.spans if _place(span) not in agreed]
        rejects += _reject(document, others, Reason.NOT_AGREED)
    return kept, rejects


def _place(span: TextSpan) -> Tuple[str, int, int]:
    return span.label, span.start, span.end


def _reject(
    document: AnnotatedText, spans: Sequence[TextSpan], reason: Reason
) -> List[Reject]:
    text = document.text
    return [Reject.at(span.source, describe(text, span), reason) for span in spans]


def _key(document: AnnotatedText) -> int:
    return name_hash(document.input) if document.input else 0


def _repeated(keys: array) -> Dict[int, int]:
    """RETURNS (Dict[int, int]): Keys that occur more than once, and how often."""
    found = numpy.frombuffer(keys.tobytes(), dtype=numpy.uint64)
    values, counts = numpy.unique(found, return_counts=True)
    many = counts > 1
    return dict(zip(values[many].tolist(), counts[many].tolist()))
