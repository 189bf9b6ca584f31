"""Types that every reader of annotation files yields: texts, spans and rejects."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Dict, List, NamedTuple, Optional, Tuple

#: Highest number of characters of an annotation that a report shows.
MOST_SHOWN = 1000


class Reason(str, Enum):
    """Why an annotation did not become a span."""

    BAD_LINE = "bad_line"
    NOT_A_SPAN = "not_a_span"
    DISCONTINUOUS = "discontinuous"
    OUT_OF_TEXT = "out_of_text"
    END_BEFORE_START = "end_before_start"
    EMPTY = "empty"
    WHITE_SPACE = "white_space"
    TEXT_MISMATCH = "text_mismatch"
    MISSING_TEXT = "missing_text"
    BAD_TAG = "bad_tag"
    NOT_ACCEPTED = "not_accepted"
    OTHER_ANNOTATION = "other_annotation"
    NOT_AGREED = "not_agreed"
    DROPPED_LABEL = "dropped_label"
    DUPLICATE = "duplicate"
    MERGED = "merged"
    MISALIGNED = "misaligned"

    @property
    def remedy(self) -> str:
        """RETURNS (str): What the user can do, in one sentence."""
        return REMEDIES[self]

    @property
    def is_loss(self) -> bool:
        """RETURNS (bool): Whether a span that the annotator meant is lost."""
        return self not in (
            Reason.NOT_A_SPAN,
            Reason.NOT_ACCEPTED,
            Reason.OTHER_ANNOTATION,
            Reason.NOT_AGREED,
            Reason.DROPPED_LABEL,
            Reason.DUPLICATE,
        )


REMEDIES: Dict[Reason, str] = {
    Reason.BAD_LINE: "Correct the line: it is not in the format's syntax.",
    Reason.NOT_A_SPAN: "Nothing to do: only spans are converted.",
    Reason.DISCONTINUOUS: (
        "Annotate one continuous span, or one span for each fragment."
    ),
    Reason.OUT_OF_TEXT: (
        "Correct the offsets, or restore the text that was annotated: the span is not "
        "within the text."
    ),
    Reason.END_BEFORE_START: "Swap the offsets: the end lies before the start.",
    Reason.EMPTY: "Correct the offsets (the end is exclusive), or remove the span.",
    Reason.WHITE_SPACE: (
        "Correct the offsets, or remove the span: it contains only white space, "
        "which no span begins or ends with."
    ),
    Reason.TEXT_MISMATCH: (
        "Restore the text that was annotated: the span's own copy of the text differs "
        "from the text at its offsets. Offsets count Unicode code points, all "
        "characters of a line end, and a byte order mark."
    ),
    Reason.MISSING_TEXT: "Put the .txt file next to the .ann file.",
    Reason.BAD_TAG: "Correct the tag: its scheme does not allow it there.",
    Reason.NOT_ACCEPTED: (
        "Nothing to do: the annotator has rejected, skipped or cancelled it."
    ),
    Reason.OTHER_ANNOTATION: (
        "Choose whose annotations of the document to use, with --annotator or "
        "--annotators: another one was used. For label-studio, see also the option "
        "annotations."
    ),
    Reason.NOT_AGREED: (
        "Nothing to do: not all annotators of the document marked it, and --annotators "
        "is agreement."
    ),
    Reason.DROPPED_LABEL: "Nothing to do: its label is among those to drop.",
    Reason.DUPLICATE: "Nothing to do: the same span with this label is kept once.",
    Reason.MERGED: (
        "Correct the offsets: expanded or contracted to tokens, the span is the same "
        "as another one."
    ),
    Reason.MISALIGNED: (
        "Correct the offsets to begin and end at tokens, use a tokenizer that splits "
        "there (--lang), or pass --on-misaligned expand, contract or split-token."
    ),
}


class Source(NamedTuple):
    """File and line of an annotation.

    file (str): Path relative to the corpus.
    line (int): Line number from 1.
    """

    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


@dataclass(frozen=True)
class TextSpan:
    """A labelled span of a text.

    label (str): The label.
    start (int): First character.
    end (int): Character after the last (exclusive).
    source (Source): File and line.
    id (str): Its id in the source, such as T1 in brat; "" without one.
    score (Optional[float]): Probability of a predicted span.
    """

    label: str
    start: int
    end: int
    source: Source
    id: str = ""
    score: Optional[float] = None


@dataclass
class AnnotatedText:
    """A text with its spans, as the reader of a format yields it.

    name (str): Unique name in the corpus: the document's id, or the file's path without
        its ending. If a file holds several documents, the number of the line or
        sentence follows the path.
    text (str): The text; offsets count its Unicode code points.
    spans (List[TextSpan]): The spans.
    n_read (int): All annotations in the file, spans and rejects.
    source (Source): File and line where the document begins.
    meta (Dict[str, Any]): Other fields of the document in the source, as JSON values.
    tokens (Optional[List[Tuple[int, int]]]): First character and character after the
        last of each token, if a format has or needs them; None if the source has no
        tokens.
    joined (int): Ends of sentences inside a span, which continues after them.
    cut (int): Spans of the previous document that the start of this one cuts in two.
    skip (bool): Whether the document is not an example, because its annotator rejected
        or skipped it, or because nobody has annotated it. Its annotations are rejects,
        and it does not count as a document without spans.
    predicted (bool): Whether it has predictions that the user did not ask for.
    annotator (str): Who annotated it; "" if the source does not say.
    input (str): Key of the text, which all annotations of one text have in common: each
        annotation is read as a document of its own. "" if the source has no key.
    reviewed (bool): Whether a reviewer chose it among the annotations of its text.
    """

    name: str
    text: str
    spans: List[TextSpan] = field(default_factory=list)
    n_read: int = 0
    source: Source = Source("", 1)
    meta: Dict[str, Any] = field(default_factory=dict)
    tokens: Optional[List[Tuple[int, int]]] = None
    joined: int = 0
    cut: int = 0
    skip: bool = False
    predicted: bool = False
    annotator: str = ""
    input: str = ""
    reviewed: bool = False


#: A document, and the annotations of it that are not spans of its text.
Document = Tuple[AnnotatedText, List["Reject"]]


@dataclass(frozen=True)
class Reject:
    """An annotation that did not become a span.

    file (str): Path relative to the corpus.
    line (int): Line number from 1.
    value (str): The annotation as it was read; only the beginning of a long one.
    reason (Reason): Why.
    remedy (str): What the user can do.
    """

    file: str
    line: int
    value: str
    reason: Reason
    remedy: str

    @classmethod
    def at(cls, source: Source, value: str, reason: Reason) -> Reject:
        """Make a reject with the remedy of its reason.

        source (Source): File and line.
        value (str): The annotation as it was read.
        reason (Reason): Why.
        RETURNS (Reject): The reject.
        """
        return cls(source.file, source.line, value, reason, reason.remedy)


def find_fault(text: str, start: int, end: int) -> Optional[Reason]:
    """Check the offsets of a span.

    text (str): The text.
    start (int): First character.
    end (int): Character after the last (exclusive).
    RETURNS (Optional[Reason]): What is wrong, or None.
    """
    if end < start:
        return Reason.END_BEFORE_START
    if start < 0 or end > len(text):
        return Reason.OUT_OF_TEXT
    if start == end:
        return Reason.EMPTY
    return None


def excerpt(text: str, start: int = 0, end: Optional[int] = None) -> str:
    """Shorten a part of a text for a report.

    text (str): The text.
    start (int): First character.
    end (Optional[int]): Character after the last; None for the text's end.
    RETURNS (str): The part, or its beginning and "…" if it is longer than MOST_SHOWN.
    """
    end = len(text) if end is None else end
    if end - start <= MOST_SHOWN:
        return text[start:end]
    return text[start : start + MOST_SHOWN] + "…"
