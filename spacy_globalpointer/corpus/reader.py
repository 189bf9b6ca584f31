"""Corpus reader that cuts long documents into chunks, without cutting gold spans."""

from __future__ import annotations

import random
from bisect import bisect_left, bisect_right
from itertools import chain, islice
from pathlib import Path
from typing import (
    Any,
    Callable,
    Dict,
    Iterable,
    Iterator,
    List,
    Optional,
    Sequence,
    Tuple,
    Union,
)

from spacy import util
from spacy.language import Language
from spacy.tokens import Doc, Span, SpanGroup
from spacy.training import Example, dont_augment

from ..errors import Errors
from ..types import LOST_GOLD
from .breaks import find_breaks
from .chunks import Chunk, plan_chunks
from .docbin import read_docs

Augmenter = Callable[[Language, Example], Iterator[Example]]


def create_chunked_corpus_v1(
    path: Optional[Path],
    chunk_size: int = 0,
    shuffle: bool = False,
    seed: int = 0,
    limit: int = 0,
    augmenter: Optional[Callable] = None,
) -> Callable[[Language], Iterable[Example]]:
    """`spacy-globalpointer.ChunkedCorpus.v1`: makes a `ChunkedCorpus`.

    path (Optional[Path]): The .spacy file, or a folder of such files.
    chunk_size (int): Most tokens of a chunk; 0 for whole documents.
    shuffle (bool): Whether each pass has a new order.
    seed (int): Seed of the order.
    limit (int): Documents to read at most; 0 for all.
    augmenter (Optional[Callable]): Data augmentation, as in `spacy.Corpus.v1`.
    RETURNS (Callable[[Language], Iterable[Example]]): The corpus.
    RAISES (ValueError): There is no path, or a number is negative.
    """
    if path is None:
        raise ValueError(Errors.GP116)
    return ChunkedCorpus(
        path,
        chunk_size=chunk_size,
        shuffle=shuffle,
        seed=seed,
        limit=limit,
        augmenter=augmenter,
    )


class ChunkedCorpus:
    """Iterate over the Examples of .spacy files, long documents in chunks.

    Chunks end at paragraphs or sentences if possible, and never within a span of
    any group in `Doc.spans`, an entity, or gold that could not be aligned
    (`types.LOST_GOLD`). A span that is longer than a chunk makes that chunk longer.
    Together the chunks of a document hold all its tokens, whitespace included.
    Documents without tokens are left out, as in `spacy.Corpus.v1`.

    path (Union[str, Path]): The .spacy file, or a folder of such files.
    chunk_size (int): Most tokens of a chunk; 0 for whole documents.
    shuffle (bool): Whether the chunks of all documents come in a new order in each
        pass. spaCy shuffles by itself unless max_epochs is -1, which streams the
        corpus; set it then.
    seed (int): Seed of the order: the passes of two corpora with the same seed are
        the same, one by one.
    limit (int): Documents to read at most, not chunks; 0 for all.
    augmenter (Optional[Augmenter]): Makes examples of an example, as in
        `spacy.Corpus.v1`.
    RAISES (ValueError): A number is negative.
    """

    def __init__(
        self,
        path: Union[str, Path],
        *,
        chunk_size: int = 0,
        shuffle: bool = False,
        seed: int = 0,
        limit: int = 0,
        augmenter: Optional[Augmenter] = None,
    ) -> None:
        for name, value in (("chunk_size", chunk_size), ("limit", limit)):
            if value < 0:
                fields = {"name": name, "value": value, "least": 0}
                raise ValueError(Errors.GP117.format(**fields))
        self.path = util.ensure_path(path)
        self.chunk_size = chunk_size
        self.shuffle = shuffle
        self.limit = limit
        self.augmenter = augmenter if augmenter is not None else dont_augment
        self._random = random.Random(seed)

    def __call__(self, nlp: Language) -> Iterator[Example]:
        """Pass over the corpus once.

        nlp (Language): The pipeline whose tokenizer makes the predicted Docs.
        YIELDS (Example): The examples.
        """
        references: Iterator[Doc] = chain.from_iterable(
            cut_doc(doc, self.chunk_size) for doc in self._read(nlp)
        )
        if self.shuffle:
            shuffled = list(references)
            self._random.shuffle(shuffled)
            references = iter(shuffled)
        for reference in references:
            yield from self.augmenter(nlp, _make_example(nlp, reference))

    def _read(self, nlp: Language) -> Iterator[Doc]:
        docs = (doc for doc in read_docs(self.path, nlp.vocab) if len(doc))
        return islice(docs, self.limit or None)


def cut_doc(doc: Doc, chunk_size: int) -> List[Doc]:
    """Cut a document into chunks that are Docs of their own.

    doc (Doc): The document.
    chunk_size (int): Most tokens of a chunk; 0 for the whole document.
    RETURNS (List[Doc]): The chunks with the annotation of the document: of the
        tokens, all span groups, and user data. The document itself, if it is not
        longer than a chunk.
    """
    if chunk_size == 0 or len(doc) <= chunk_size:
        return [doc]
    spans = [(span.start, span.end) for group in doc.spans.values() for span in group]
    entities = [(ent.start, ent.end) for ent in doc.ents]
    plan = plan_chunks(
        len(doc),
        size=chunk_size,
        forbidden=chain(spans, entities, _lost_places(doc)),
        preferred=find_breaks(doc),
    )
    return _make_chunks(doc, plan)


def _lost_places(doc: Doc) -> Iterator[Chunk]:
    """YIELDS (Chunk): The tokens of each span of the lost gold; a character between
    two tokens belongs to the first of them."""
    starts = [token.idx for token in doc]
    for start, end, _ in doc.user_data.get(LOST_GOLD, []):
        yield bisect_right(starts, start) - 1, bisect_left(starts, end)


def _make_chunks(doc: Doc, plan: Sequence[Chunk]) -> List[Doc]:
    # Without these two, as_doc makes them for each chunk from the whole document.
    attrs = list(doc._get_array_attrs())
    array = doc.to_array(attrs)
    options: Dict[str, Any]  # spaCy's stubs lack the first two
    options = {"array_head": attrs, "array": array, "copy_user_data": True}
    chunks = [doc[start:end].as_doc(**options) for start, end in plan]
    for chunk in chunks:
        chunk.has_unknown_spaces = doc.has_unknown_spaces
    starts = [start for start, _ in plan]
    for key, group in doc.spans.items():
        for chunk in chunks:
            chunk.spans[key] = SpanGroup(chunk, name=group.name)
        for span in group:
            index = bisect_right(starts, span.start) - 1
            chunks[index].spans[key].append(_shift(chunks[index], span, starts[index]))
    if LOST_GOLD in doc.user_data:
        _share_lost_gold(doc, chunks, [doc[start].idx for start in starts])
    return chunks


def _shift(chunk: Doc, span: Span, offset: int) -> Span:
    return Span(
        chunk,
        span.start - offset,
        span.end - offset,
        label=span.label,
        kb_id=span.kb_id,
        span_id=span.id,
    )


def _share_lost_gold(doc: Doc, chunks: Sequence[Doc], offsets: List[int]) -> None:
    """Give each chunk its part; offsets are the first characters of the chunks."""
    shares: List[List[Tuple[int, int, str]]] = [[] for _ in chunks]
    for start, end, label in doc.user_data[LOST_GOLD]:
        index = bisect_right(offsets, start) - 1
        offset = offsets[index]
        shares[index].append((start - offset, end - offset, label))
    for chunk, share in zip(chunks, shares):
        chunk.user_data[LOST_GOLD] = share


def _make_example(nlp: Language, reference: Doc) -> Example:
    if not reference.has_unknown_spaces:
        return Example(nlp.make_doc(reference.text), reference)
    words = [token.text for token in reference]
    spaces = [bool(token.whitespace_) for token in reference]
    return Example(Doc(nlp.vocab, words=words, spaces=spaces), reference)
