"""Detection of the same texts in two files, or twice in one, by their hashes."""

from __future__ import annotations

import re
from array import array
from hashlib import blake2b
from typing import Dict, Iterator, List, NamedTuple, Tuple

import numpy
from numpy.typing import NDArray
from spacy.tokens import Doc

from ..corpus.breaks import CLOSING, SENTENCE_END
from ..corpus.metadata import doc_name

#: Lowest number of letters of a sentence that counts. Shorter ones are in many texts.
MIN_CHARS = 50
#: Highest number of documents that are named.
MAX_NAMES = 5
#: Characters that count as three letters: Chinese, Japanese and Korean ones.
_WIDE = re.compile("[\u2e80-\u9fff\uac00-\ud7af\U00020000-\U0003ffff]")
#: The separator of two sentences: an empty line, or white space after closing
#: punctuation. Some languages have no white space there.
_BETWEEN = re.compile(
    r"\n\s*\n|(?<=[{ends}])[{closing}]*\s+|(?<=[。！？])[{closing}]*".format(
        ends=re.escape("".join(sorted(SENTENCE_END))),
        closing=re.escape("".join(sorted(CLOSING))),
    )
)
#: Characters that are removed from the ends of a sentence.
_EDGES = "".join({*SENTENCE_END, *CLOSING, *" \"'“‘«([{「『"})


class SharedTexts(NamedTuple):
    """Texts that a file has in common with another one.

    documents (int): Number of documents of this file whose text is in the other,
        including copies within this file.
    names (List[Tuple[str, str]]): Names of the first of these documents, in the other
        file and in this one.
    sentences (int): Number of long sentences of this file that are in the other.
    n_sentences (int): Number of long sentences of this file.
    """

    documents: int
    names: List[Tuple[str, str]]
    sentences: int
    n_sentences: int

    @property
    def percent(self) -> float:
        """Return the percentage of the sentences, from 0 to 100."""
        return 100 * self.sentences / max(1, self.n_sentences)


class TextPrints:
    """Hashes of the documents and long sentences of a file. Case and the kind of white
    space are ignored.

    min_chars (int): Lowest number of letters of a sentence that counts.
    """

    def __init__(self, *, min_chars: int = MIN_CHARS) -> None:
        self.min_chars = min_chars
        #: Number of documents with the same text as an earlier one of the file.
        self.repeated = 0
        #: Names of the first of these documents: the earlier one's and their own.
        self.repeated_names: List[Tuple[str, str]] = []
        self.n_documents = 0
        # Names and hashes of the documents that have a text, and the first document by
        # hash.
        self._names: List[str] = []
        self._documents = array("Q")
        self._first: Dict[int, int] = {}
        # Hashes of sentences, and the number of the document of each.
        self._sentences = array("Q")
        self._owners = array("L")

    def add(self, doc: Doc) -> None:
        """Add a document's text. A document without text never equals another.

        doc (Doc): The document. Its name is that of `doc_name`, or its number.
        """
        self.n_documents += 1
        text = doc.text
        whole = _normalized(text)
        if not whole:
            return
        number, key = len(self._names), _hash(whole)
        self._names.append(doc_name(doc) or f"document {self.n_documents}")
        self._documents.append(key)
        first = self._first.setdefault(key, number)
        if first != number:
            self.repeated += 1
            if len(self.repeated_names) < MAX_NAMES:
                pair = self._names[first], self._names[number]
                self.repeated_names.append(pair)
        sentences = [_hash(sentence) for sentence in self._long_sentences(text)]
        self._sentences.extend(sentences)
        self._owners.extend([number] * len(sentences))

    def shared_with(self, other: TextPrints) -> SharedTexts:
        """Find the texts that this file has in common with another.

        other (TextPrints): The hashes of the other file, such as train.
        RETURNS (SharedTexts): The counts.
        """
        documents = enumerate(self._documents)
        common = [(other._first[k], i) for i, k in documents if k in other._first]
        names = [(other._names[a], self._names[b]) for a, b in common[:MAX_NAMES]]
        n_found = len(self._shared_sentences(other))
        return SharedTexts(len(common), names, n_found, len(self._sentences))

    def owners_of_shared_sentences(self, other: TextPrints) -> List[Tuple[str, str]]:
        """Find documents that share long sentences.

        other (TextPrints): The hashes of the other file, such as train.
        RETURNS (List[Tuple[str, str]]): Names of the other file's document and of this
            one's, for the first documents of this file.
        """
        found = self._shared_sentences(other)
        owners = numpy.frombuffer(self._owners, dtype=self._owners.typecode)
        theirs = _as_numpy(other._sentences)
        firsts = numpy.sort(numpy.unique(owners[found], return_index=True)[1])
        names = []
        for place in found[firsts][:MAX_NAMES]:
            match = int((theirs == self._sentences[place]).argmax())
            pair = other._names[other._owners[match]], self._names[owners[place]]
            names.append(pair)
        return names

    def _shared_sentences(self, other: TextPrints) -> NDArray[numpy.int64]:
        """Return the indices of the sentences that the other file has."""
        own, theirs = _as_numpy(self._sentences), _as_numpy(other._sentences)
        return numpy.flatnonzero(numpy.isin(own, theirs))

    def _long_sentences(self, text: str) -> Iterator[str]:
        for part in _BETWEEN.split(text):
            sentence = _normalized(part).strip(_EDGES)
            if len(sentence) + 2 * len(_WIDE.findall(sentence)) >= self.min_chars:
                yield sentence


def _normalized(text: str) -> str:
    return " ".join(text.split()).casefold()


def _hash(text: str) -> int:
    digest = blake2b(text.encode("utf-8"), digest_size=8).digest()
    return int.from_bytes(digest, "big")


def _as_numpy(numbers: array[int]) -> NDArray[numpy.uint64]:
    return numpy.frombuffer(numbers, dtype=numpy.uint64)
