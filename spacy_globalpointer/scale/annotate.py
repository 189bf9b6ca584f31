"""Annotate texts with a loaded pipeline: a record for each, in order, whatever
happens."""

from __future__ import annotations

from itertools import count
from typing import Any, Dict, Iterable, Iterator, List, Mapping, Tuple, Union

from spacy.language import Language
from spacy.tokens import Doc

from ..errors import Errors
from ..machine_faults import describe
from ..span_score import span_scores
from .settings import ERROR, ID, N_TOKENS, SPANS, Settings

Record = Dict[str, Any]
Document = Union[str, Mapping[str, Any]]
#: Number, text and Doc of a document.
_Item = Tuple[int, str, Doc]
#: Documents, and characters, that `annotate` reads before it predicts.
_DOCUMENTS, _CHARS = 1_000, 200_000
#: Characters of the beginning of a span's text.
HEAD = 80


def annotate(
    nlp: Language, documents: Iterable[Document], **settings: Any
) -> Iterator[Record]:
    """Annotate documents as a stream. A document that fails does not stop the others.

    nlp (Language): The pipeline. It does not change, so threads may share it.
    documents (Iterable[Document]): Texts, or records such as {"id": 7, "text": "…"}.
        Without ids, documents are numbered from 0.
    **settings: Fields of `Settings`.
    YIELDS (Record): For each document, in order: "id" and the kept columns; "spans", a
        list of dicts with "start" and "end" in characters, "label" and "probability";
        "n_tokens"; and "error", None or the reason why there are no spans.
    RAISES (ValueError): GP257 for invalid settings, GP258 for a record without a text,
        GP260 for one without an id where the first one has it, GP270 if the key of the
        spans is not known.
    """
    own = Settings(**settings)
    find_spans_key(nlp, own)
    rows = _read_rows(documents, own)
    while group := list(_next_group(rows)):
        found = annotate_texts(nlp, [text for _, text in group], own)
        for (start, _), rest in zip(group, found):
            yield {**start, **rest}


def annotate_texts(
    nlp: Language, texts: Iterable[Any], settings: Settings
) -> List[Record]:
    """Annotate texts that are in memory, in batches of similar lengths.

    nlp (Language): The pipeline. It does not change.
    texts (Iterable[Any]): The texts. Anything else than a text gives an error.
    settings (Settings): The settings.
    RETURNS (List[Record]): "spans", "n_tokens" and "error" of each text, in order.
    """
    key = find_spans_key(nlp, settings)
    results: Dict[int, Record] = {}
    items: List[_Item] = []
    for number, text in enumerate(texts):
        fault = find_fault(text, settings.max_chars)
        try:
            if fault is None:  # make_doc would refuse long texts
                items.append((number, text, nlp.tokenizer(text)))
            else:
                results[number] = failed(fault)
        except Exception as error:  # a tokenizer may raise any
            results[number] = failed(Errors.GP268.format(reason=describe(error)))
    items.sort(key=lambda item: len(item[2]))
    while items:
        batch = [items.pop()]
        room = settings.batch_tokens - len(batch[0][2])
        while items and (room := room - len(items[-1][2])) >= 0:
            batch.append(items.pop())
        results.update(_predict(nlp, batch, key, settings.head_text))
    return [record for _, record in sorted(results.items())]


def find_fault(text: object, max_chars: int) -> Union[str, None]:
    """Find the reason why a value cannot be annotated.

    text (object): The value in the column of texts.
    max_chars (int): As in `Settings`.
    RETURNS (Union[str, None]): GP266 or GP267; None for a text that can be annotated.
    """
    if not isinstance(text, str):
        found = "missing" if text is None else f"of type {type(text).__name__}"
        return str(Errors.GP266.format(found=found))
    if len(text) > max_chars:
        return str(Errors.GP267.format(limit=max_chars))
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        place = f"character {error.start} is half a surrogate pair"
        return str(Errors.GP266.format(found=f"not valid: {place}"))
    return None


def failed(reason: str) -> Record:
    """RETURNS (Record): The record of a document that was not annotated."""
    return {SPANS: [], N_TOKENS: None, ERROR: reason}


def find_spans_key(nlp: Language, settings: Settings) -> str:
    """Find the key of the spans to return.

    nlp (Language): The pipeline.
    settings (Settings): The settings.
    RETURNS (str): The key in `doc.spans`.
    RAISES (ValueError): GP270 if it is not named, and not that of one component.
    """
    if settings.spans_key is not None:
        return settings.spans_key
    factories = nlp.pipe_factories
    own = [name for name in nlp.pipe_names if factories[name] == "global_pointer"]
    keys = sorted({nlp.get_pipe(name).key for name in own})  # type: ignore[attr-defined]
    if len(keys) == 1:
        return str(keys[0])
    reason = "There is no component global_pointer"
    if keys:
        reason = f"The components global_pointer write spans under several keys, {keys}"
    names = ", ".join(nlp.pipe_names) or "none"
    raise ValueError(Errors.GP270.format(reason=reason, names=names))


def _read_rows(
    documents: Iterable[Document], settings: Settings
) -> Iterator[Tuple[Record, Any]]:
    """YIELDS (Tuple[Record, Any]): What the result begins with, and the text."""
    id = settings.id
    for number, document in enumerate(documents):
        source = f"Document {number}"
        if not isinstance(document, Mapping):
            if id is not None:
                fields = {"source": source, "name": id, "value": None}
                raise ValueError(Errors.GP260.format(**fields))
            yield {ID: number}, document
            continue
        if settings.text not in document:
            fields = {"source": source, "name": settings.text}
            raise ValueError(Errors.GP258.format(**fields, known=sorted(document)))
        if id is None and number == 0 and ID in document:
            id = ID
        if id is not None and document.get(id) is None:
            fields = {"source": source, "name": id}
            raise ValueError(Errors.GP260.format(**fields, value=None))
        start = {ID: number} if id is None else {id: document[id]}
        kept = {name: document.get(name) for name in settings.keep}
        yield {**start, **kept}, document[settings.text]


def _next_group(rows: Iterator[Tuple[Record, Any]]) -> Iterator[Tuple[Record, Any]]:
    chars = 0
    for n, row in zip(count(1), rows):
        yield row
        chars += len(row[1]) if isinstance(row[1], str) else 0
        if n == _DOCUMENTS or chars >= _CHARS:
            return


def _predict(
    nlp: Language, batch: List[_Item], key: str, head_text: bool
) -> Dict[int, Record]:
    """Predict a batch. If it fails, predict its halves, so that only the documents at
    fault have an error."""
    reason = "it returned no document"
    results: Dict[int, Record] = {}
    try:
        docs = [(doc, number) for number, _, doc in batch]
        for doc, number in nlp.pipe(docs, as_tuples=True, batch_size=len(docs)):
            results[number] = _record(doc, key, head_text)
    except Exception as error:  # a component may raise any
        reason = describe(error)
    # The Docs may be half annotated. An error handler may also have dropped some.
    left = [(n, text) for n, text, _ in batch if n not in results]
    if len(batch) == 1 and left:
        return {left[0][0]: failed(Errors.GP268.format(reason=reason))}
    middle = (len(left) + 1) // 2
    for part in (left[:middle], left[middle:]):
        again = [(number, text, nlp.tokenizer(text)) for number, text in part]
        if again:
            results.update(_predict(nlp, again, key, head_text))
    return results


def _record(doc: Doc, key: str, head_text: bool) -> Record:
    if key not in doc.spans:
        names = ", ".join(map(repr, doc.spans)) or "none"
        raise ValueError(f"doc.spans has no key {key!r} (its keys: {names})")
    group = doc.spans[key]
    spans = []
    for span, score in zip(group, span_scores(group)):
        found = {"start": span.start_char, "end": span.end_char, "label": span.label_}
        found["probability"] = score
        if head_text:
            found["head_text"] = span.text[:HEAD]
        spans.append(found)
    return {SPANS: spans, N_TOKENS: len(doc), ERROR: None}
