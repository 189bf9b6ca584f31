"""Convert character spans to token spans, and reject spans that do not fit."""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from dataclasses import replace
from typing import Iterable, List, NamedTuple, Optional, Sequence, Set, Tuple

import numpy
from spacy.language import Language
from spacy.tokens import Doc, Span

from ..errors import Errors
from ..types import LOST_GOLD, LabelledSpan, TokenSpan
from .annotations import AnnotatedText, Reason, Reject, TextSpan, excerpt, find_fault
from .words import Words

ON_MISALIGNED = ("reject", "expand", "contract", "split-token", "error")
#: A span with either a reason to reject it, or its tokens.
Fate = Tuple[TextSpan, Optional[Reason], Optional[TokenSpan]]


class Alignment(NamedTuple):
    """A Doc with an account of the spans of its text, as `align_text` makes it.

    doc (Doc): The Doc.
    rejects (List[Reject]): The spans that are not on the Doc.
    trimmed (int): Spans of the Doc that lost white space at their ends.
    adjusted (int): Spans of the Doc that were expanded or contracted to tokens.
    """

    doc: Doc
    rejects: List[Reject]
    trimmed: int
    adjusted: int


def make_doc(
    nlp: Language,
    annotated: AnnotatedText,
    *,
    spans_key: str = "sc",
    on_misaligned: str = "reject",
) -> Tuple[Doc, List[Reject]]:
    """Tokenize a text and put its spans on the Doc.

    See `align_text` for the arguments and errors.

    RETURNS (Tuple[Doc, List[Reject]]): The Doc, and the spans that are not on it.
    """
    aligned = align_text(
        nlp, annotated, spans_key=spans_key, on_misaligned=on_misaligned
    )
    return aligned.doc, aligned.rejects


def align_text(
    nlp: Language,
    annotated: AnnotatedText,
    *,
    spans_key: str = "sc",
    on_misaligned: str = "reject",
) -> Alignment:
    """Tokenize a text and put its spans on the Doc.

    White space at the ends of a span is cut off: see `trim_edges`. The group
    `doc.spans[spans_key]` is always set, so that a document without spans differs from
    one that was not annotated. Spans that are rejected as misaligned are kept in
    `doc.user_data[types.LOST_GOLD]`, and count as missed in an evaluation.
    `doc.user_data["title"]` is the document's name; displaCy shows it. If a span has a
    score, the group's attrs have "scores", with nan for spans without one.
    `doc.user_data["meta"]` is the document's metadata. `doc.user_data["tokens"]` has
    the source's own tokens (first character, character after the last) if the tokenizer
    makes different ones.

    nlp (Language): The pipeline; only its tokenizer is used.
    annotated (AnnotatedText): The text with its spans in characters.
    spans_key (str): Key of the spans in `Doc.spans`.
    on_misaligned (str): What to do with a span that does not begin and end at tokens:
        "reject" it; "expand" it to all tokens it touches; "contract" it to those it
        covers (and reject it if there are none); "split-token" to split the tokens of
        this Doc at its edges, which a pipeline's tokenizer will not do; or raise an
        "error".
    RETURNS (Alignment): The Doc with an account of the spans.
    RAISES (ValueError): A bad option, a text that is too long or that the tokenizer
        changes, or a misaligned span if on_misaligned is "error".
    """
    if on_misaligned not in ON_MISALIGNED:
        fields = {"value": on_misaligned, "known": ", ".join(ON_MISALIGNED)}
        raise ValueError(Errors.GP105.format(name="on_misaligned", **fields))
    doc = _tokenize(nlp, annotated)
    spans = trim_edges(annotated.text, annotated.spans)
    if on_misaligned == "split-token":
        doc = split_tokens(doc, spans)
    fates = Aligner(doc, annotated.text).align(spans, on_misaligned)
    doc.user_data["title"] = annotated.name
    aligned = _put_on_doc(doc, annotated, fates, spans_key)
    if annotated.meta:
        doc.user_data["meta"] = annotated.meta
    if annotated.tokens is not None and annotated.tokens != token_places(doc):
        doc.user_data["tokens"] = [list(place) for place in annotated.tokens]
    return aligned


def _put_on_doc(
    doc: Doc, annotated: AnnotatedText, fates: List[Fate], spans_key: str
) -> Alignment:
    """Put the spans that have tokens on the Doc, and account for all spans."""
    kept: List[Span] = []
    scores: List[Optional[float]] = []
    lost: List[List[object]] = []
    aligned = Alignment(doc, [], 0, 0)
    trimmed, adjusted = 0, 0
    for given, (span, reason, tokens) in zip(annotated.spans, fates):
        if tokens is not None:
            own = Span(doc, *tokens, label=span.label, span_id=span.id)
            trimmed += span is not given
            adjusted += (own.start_char, own.end_char) != (span.start, span.end)
            kept.append(own)
            scores.append(span.score)
        if reason is not None:
            value = describe(annotated.text, given)
            aligned.rejects.append(Reject.at(span.source, value, reason))
        if reason is Reason.MISALIGNED:
            lost.append([span.start, span.end, span.label])
    doc.spans[spans_key] = kept
    if any(score is not None for score in scores):
        known = [math.nan if score is None else score for score in scores]
        doc.spans[spans_key].attrs["scores"] = numpy.array(known, dtype="float32")
    if lost:
        doc.user_data[LOST_GOLD] = lost
    return aligned._replace(trimmed=trimmed, adjusted=adjusted)


def trim_edges(text: str, spans: Sequence[TextSpan]) -> List[TextSpan]:
    """Remove white space from the ends of spans; `words.Words` defines it.

    text (str): The text.
    spans (Sequence[TextSpan]): Spans of it.
    RETURNS (List[TextSpan]): The spans in their order. Spans without white space at
        their ends are the same objects. Spans of white space alone, or with offsets
        outside the text, are unchanged.
    """
    words: Optional[Words] = None
    trimmed = []
    for span in spans:
        if _has_loose_edge(text, span):
            words = Words(text) if words is None else words
            start, end = words.trim(span.start, span.end) or (span.start, span.end)
            if (start, end) != (span.start, span.end):
                span = replace(span, start=start, end=end)
        trimmed.append(span)
    return trimmed


def _has_loose_edge(text: str, span: TextSpan) -> bool:
    if find_fault(text, span.start, span.end) is not None:
        return False
    return text[span.start].isspace() or text[span.end - 1].isspace()


def token_places(doc: Doc) -> List[TokenSpan]:
    """RETURNS (List[Tuple[int, int]]): First character and character after the last
    of each token that is not white space."""
    return [(t.idx, t.idx + len(t)) for t in doc if not t.text.isspace()]


def split_tokens(doc: Doc, spans: Iterable[TextSpan]) -> Doc:
    """Split the tokens in which a span begins or ends.

    doc (Doc): The tokenized text.
    spans (Iterable[TextSpan]): Spans of it.
    RETURNS (Doc): The same Doc if there is nothing to split, else a new one.
    """
    edges = {edge for span in spans for edge in (span.start, span.end)}
    inner = sorted(edges.difference(t.idx for t in doc))
    words: List[str] = []
    spaces: List[bool] = []
    for token in doc:
        first = bisect_right(inner, token.idx)
        last = bisect_left(inner, token.idx + len(token))
        cuts = [edge - token.idx for edge in inner[first:last]]
        words.extend(token.text[a:b] for a, b in zip([0, *cuts], [*cuts, len(token)]))
        spaces.extend([*[False] * len(cuts), bool(token.whitespace_)])
    return doc if len(words) == len(doc) else Doc(doc.vocab, words, spaces)


class Aligner:
    """Finds the tokens of character spans.

    doc (Doc): The tokenized text.
    text (str): The text.
    """

    def __init__(self, doc: Doc, text: str) -> None:
        self.text = text
        places = doc.to_array(["IDX", "LENGTH"]).astype("int64").reshape(-1, 2)
        self.starts = places[:, 0].tolist()
        self.ends = places.sum(axis=1).tolist()

    def align(self, spans: List[TextSpan], on_misaligned: str) -> List[Fate]:
        """Decide for each span whether it is kept, and with which tokens.

        spans (List[TextSpan]): The spans, as `trim_edges` gives them.
        on_misaligned (str): As in `align_text`.
        RETURNS (List[Fate]): Each span with either a reason to reject it, or its
            tokens.
        """
        fates: List[Fate] = []
        seen: Set[LabelledSpan] = set()
        taken: Set[LabelledSpan] = set()
        for span in spans:
            reason = find_fault(self.text, span.start, span.end)
            if reason is None and self.text[span.start].isspace():
                reason = Reason.WHITE_SPACE
            tokens = None if reason else self._find(span, on_misaligned)
            if reason is None and (span.label, span.start, span.end) in seen:
                reason = Reason.DUPLICATE
            elif reason is None and tokens is None:
                reason = Reason.MISALIGNED
            elif tokens is not None and (span.label, *tokens) in taken:
                reason = Reason.MERGED
            elif tokens is not None:
                taken.add((span.label, *tokens))
            seen.add((span.label, span.start, span.end))
            fates.append((span, reason, None if reason else tokens))
        return fates

    def exact(self, start: int, end: int) -> Optional[TokenSpan]:
        """RETURNS (Optional[TokenSpan]): The tokens from character start to end
        (exclusive), or None if these are not boundaries of tokens."""
        first, last = bisect_left(self.starts, start), bisect_left(self.ends, end)
        fits = self.starts[first : first + 1] == [start]
        if first <= last and fits and self.ends[last : last + 1] == [end]:
            return first, last + 1
        return None

    def expand(self, start: int, end: int) -> Optional[TokenSpan]:
        """RETURNS (Optional[TokenSpan]): The tokens that the characters from start to
        end (exclusive) touch, or None if there are none."""
        first, last = bisect_right(self.ends, start), bisect_left(self.starts, end)
        return (first, last) if first < last else None

    def contract(self, start: int, end: int) -> Optional[TokenSpan]:
        """RETURNS (Optional[TokenSpan]): The tokens that the characters from start to
        end (exclusive) cover, or None if there are none."""
        first, last = bisect_left(self.starts, start), bisect_right(self.ends, end)
        return (first, last) if first < last else None

    def _find(self, span: TextSpan, on_misaligned: str) -> Optional[TokenSpan]:
        tokens = self.exact(span.start, span.end)
        if tokens is None and on_misaligned == "error":
            fields = {"source": span.source, "span": describe(self.text, span)}
            raise ValueError(Errors.GP106.format(**fields))
        if tokens is None and on_misaligned == "expand":
            return self.expand(span.start, span.end)
        if tokens is None and on_misaligned == "contract":
            return self.contract(span.start, span.end)
        return tokens


def describe(text: str, span: TextSpan) -> str:
    """RETURNS (str): Label, offsets and text of a span; a long text is shortened."""
    shown = excerpt(text, span.start, span.end)
    return f"{span.label} {span.start} {span.end} {shown!r}"


def _tokenize(nlp: Language, annotated: AnnotatedText) -> Doc:
    length = len(annotated.text)
    if length > nlp.max_length:
        fields = {"name": annotated.name, "length": length, "limit": nlp.max_length}
        raise ValueError(Errors.GP108.format(**fields))
    doc = nlp.make_doc(annotated.text)
    if doc.text != annotated.text:
        raise ValueError(Errors.GP107.format(name=annotated.name))
    return doc
