"""Corpus reader that cuts long documents into chunks, without cutting gold spans."""

from __future__ import annotations

import random
from bisect import bisect_left, bisect_right
from itertools import chain, islice
from operator import itemgetter
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
from spacy.vocab import Vocab

from ..errors import Errors
from ..types import LOST_GOLD
from ..values import Setting, is_whole
from .breaks import find_breaks
from .chunks import Chunk, plan_chunks
from .docbin import read_docs

Augmenter = Callable[[Language, Example], Iterator[Example]]


def create_chunked_corpus_v1(
    path: Optional[Path],
    chunk_size: Setting = 0,
    overlap: Setting = 0,
    shuffle: bool = False,
    shuffle_buffer: Setting = 0,
    seed: int = 0,
    limit: Setting = 0,
    augmenter: Optional[Callable] = None,
) -> Callable[[Language], Iterable[Example]]:
    """Make a `ChunkedCorpus`: `spacy-globalpointer.ChunkedCorpus.v1`.

    path (Optional[Path]): The .spacy file, or a folder of such files.
    chunk_size (int): Highest number of tokens in a chunk; 0 for whole documents.
    overlap (int): Highest number of tokens of the previous chunk to repeat at the start
        of a chunk.
    shuffle (bool): Whether each pass has a new order.
    shuffle_buffer (int): Chunks in memory to shuffle; 0 for all.
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
        overlap=overlap,
        shuffle=shuffle,
        shuffle_buffer=shuffle_buffer,
        seed=seed,
        limit=limit,
        augmenter=augmenter,
    )


class ChunkedCorpus:
    """Corpus of the Examples of .spacy files, with long documents cut into chunks.

    Chunks end at paragraphs or sentences if possible, and never within a span of any
    group in `Doc.spans`, an entity, or gold that could not be aligned
    (`types.LOST_GOLD`). A span that is longer than a chunk makes that chunk longer.
    Together the chunks of a document hold all its tokens, whitespace included.
    Documents without tokens are left out, as in `spacy.Corpus.v1`. One file of a folder
    is in memory at a time.

    path (Union[str, Path]): The .spacy file, or a folder of such files.
    chunk_size (int): Highest number of tokens in a chunk; 0 for whole documents.
    overlap (int): Highest number of tokens of the previous chunk to repeat at the start
        of a chunk, in addition to its own. Spans that lie wholly in them are gold in
        both chunks.
    shuffle (bool): Whether the chunks of all documents have a new order in each pass.
        Set it if max_epochs is -1, which streams the corpus; otherwise spaCy shuffles.
    shuffle_buffer (int): Chunks in memory to shuffle: each chunk is drawn at random
        from the next shuffle_buffer ones. 0 keeps all, so that the order does not
        depend on the corpus' order.
    seed (int): Seed of the order: two corpora with the same seed have the same order in
        each pass.
    limit (int): Documents to read at most, not chunks; 0 for all.
    augmenter (Optional[Augmenter]): Makes examples from an example, as in
        `spacy.Corpus.v1`.
    RAISES (ValueError): A number is negative.
    """

    def __init__(
        self,
        path: Union[str, Path],
        *,
        chunk_size: int = 0,
        overlap: int = 0,
        shuffle: bool = False,
        shuffle_buffer: int = 0,
        seed: int = 0,
        limit: int = 0,
        augmenter: Optional[Augmenter] = None,
    ) -> None:
        numbers = {"chunk_size": chunk_size, "overlap": overlap, "limit": limit}
        for name, value in {**numbers, "shuffle_buffer": shuffle_buffer}.items():
            if not is_whole(value, least=0):
                fields = {"name": name, "value": value, "least": 0}
                raise ValueError(Errors.GP117.format(**fields))
        self.path = util.ensure_path(path)
        self.chunk_size = chunk_size
        self.overlap = overlap
        self.shuffle = shuffle
        self.shuffle_buffer = shuffle_buffer
        self.limit = limit
        self.augmenter = augmenter if augmenter is not None else dont_augment
        self._random = random.Random(seed)

    def __call__(self, nlp: Language) -> Iterator[Example]:
        """Pass over the corpus once.

        nlp (Language): The pipeline whose tokenizer makes the predicted Docs.
        YIELDS (Example): The examples.
        """
        references: Iterator[Doc] = chain.from_iterable(
            cut_doc(doc, self.chunk_size, self.overlap) for doc in self._read(nlp)
        )
        if self.shuffle:
            references = shuffled(references, self._random, self.shuffle_buffer)
        for reference in references:
            yield from self.augmenter(nlp, _make_example(nlp, reference))

    def _read(self, nlp: Language) -> Iterator[Doc]:
        docs = (doc for doc in read_docs(self.path, nlp.vocab) if len(doc))
        return islice(docs, self.limit or None)


def shuffled(items: Iterable[Doc], rng: random.Random, held: int) -> Iterator[Doc]:
    """Shuffle a stream of Docs.

    items (Iterable[Doc]): The Docs.
    rng (random.Random): Source of the order.
    held (int): Highest number of Docs in memory; 0 for all.
    YIELDS (Doc): The Docs, in another order.
    """
    source = iter(items)
    buffer = list(islice(source, held or None))
    rng.shuffle(buffer)
    for item in source:
        place = rng.randrange(held)
        yield buffer[place]
        buffer[place] = item
    yield from buffer


def cut_doc(doc: Doc, chunk_size: int, overlap: int = 0) -> List[Doc]:
    """Cut a document into chunks that are Docs of their own.

    doc (Doc): The document.
    chunk_size (int): Highest number of tokens in a chunk; 0 for the whole document.
    overlap (int): As in `chunks.plan_chunks`.
    RETURNS (List[Doc]): The chunks with the document's annotation of tokens, all span
        groups, and user data. The document itself if it is not longer than a chunk.
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
        overlap=overlap,
    )
    return _make_chunks(doc, plan)


def _lost_places(doc: Doc) -> Iterator[Chunk]:
    """YIELDS (Chunk): The tokens of each span of the lost gold; a character between
    two tokens belongs to the first of them."""
    starts = [token.idx for token in doc]
    for start, end, _ in doc.user_data.get(LOST_GOLD, []):
        yield bisect_right(starts, start) - 1, bisect_left(starts, end)


def _make_chunks(doc: Doc, plan: Sequence[Chunk]) -> List[Doc]:
    # Without these two, as_doc would compute them from the whole document each time.
    attrs = list(doc._get_array_attrs())
    array = doc.to_array(attrs)
    options: Dict[str, Any]  # spaCy's stubs lack the first two
    options = {"array_head": attrs, "array": array, "copy_user_data": True}
    chunks = [doc[start:end].as_doc(**options) for start, end in plan]
    for chunk in chunks:
        chunk.has_unknown_spaces = doc.has_unknown_spaces
    for key, group in doc.spans.items():
        for chunk in chunks:
            chunk.spans[key] = SpanGroup(chunk, name=group.name)
        for span in group:
            for i in _holders(plan, span.start, span.end):
                chunks[i].spans[key].append(_shift(chunks[i], span, plan[i][0]))
    if LOST_GOLD in doc.user_data:
        _share_lost_gold(doc, chunks, plan)
    return chunks


def _holders(plan: Sequence[Chunk], start: int, end: int) -> Iterator[int]:
    """YIELDS (int): The chunks that hold all tokens from start to end (exclusive); with
    overlap there may be several."""
    last = bisect_right(plan, start, key=itemgetter(0)) - 1
    for index in range(last, -1, -1):
        if plan[index][1] < end:
            return
        yield index


def _shift(chunk: Doc, span: Span, offset: int) -> Span:
    return Span(
        chunk,
        span.start - offset,
        span.end - offset,
        label=span.label,
        kb_id=span.kb_id,
        span_id=span.id,
    )


def _share_lost_gold(doc: Doc, chunks: Sequence[Doc], plan: Sequence[Chunk]) -> None:
    """Distribute the lost gold among the chunks."""
    offsets = [doc[start].idx for start, _ in plan]
    shares: List[List[Tuple[int, int, str]]] = [[] for _ in chunks]
    places = _lost_places(doc)
    for place, (start, end, label) in zip(places, doc.user_data[LOST_GOLD]):
        for i in _holders(plan, *place):
            shares[i].append((start - offsets[i], end - offsets[i], label))
    for chunk, share in zip(chunks, shares):
        chunk.user_data[LOST_GOLD] = share


def _make_example(nlp: Language, reference: Doc) -> Example:
    if not reference.has_unknown_spaces:
        return Example(nlp.make_doc(reference.text), reference)
    return Example(copy_tokens(reference, nlp.vocab), reference)


def copy_tokens(doc: Doc, vocab: Vocab) -> Doc:
    """Make a Doc with the same tokens and nothing else.

    doc (Doc): The Doc.
    vocab (Vocab): Vocabulary of the copy.
    RETURNS (Doc): The copy.
    """
    words = [token.text for token in doc]
    spaces = [bool(token.whitespace_) for token in doc]
    return Doc(vocab, words=words, spaces=spaces)
