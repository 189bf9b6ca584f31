"""Documents with their spans as an HTML page that looks like displaCy's. Its template
escapes what comes from documents and pipelines; displaCy escapes the text alone."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Dict, Iterator, List, NamedTuple, Sequence, Tuple

import jinja2
from spacy.tokens import Doc, Span

from .colors import assign_colors
from .markup import POLICY, printable

#: Pixels from the top of a word to the first line below it, from one line to the next,
#: and below the last one.
TOP, STEP, BOTTOM = 40, 17, 20
# Codes of languages, as HTML has them.
_LANGUAGE = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*")


class Line(NamedTuple):
    """A part of a span, drawn below a word.

    color (str): Colour of its label.
    top (int): Pixels from the top of the word.
    is_start (bool): Whether the word is the span's first.
    label (str): The label.
    kb_id (str): The span's id in a knowledge base, or "".
    """

    color: str
    top: int
    is_start: bool
    label: str
    kb_id: str


class Word(NamedTuple):
    """A token.

    text (str): Its text.
    height (int): Its height in pixels, the lines included.
    lines (List[Line]): The lines below it.
    """

    text: str
    height: int
    lines: List[Line]


def draw(docs: Sequence[Doc], spans_key: str) -> str:
    """Draw the spans of documents.

    docs (Sequence[Doc]): The Docs, with titles in `user_data["title"]`. Language and
        writing direction of the page are the last one's.
    spans_key (str): Key of the spans in `Doc.spans`.
    RETURNS (str): The HTML page.
    """
    labels = {span.label_ for doc in docs for span in doc.spans.get(spans_key, [])}
    colors = assign_colors(labels)
    vocab = docs[-1].vocab
    lang = vocab.lang if _LANGUAGE.fullmatch(vocab.lang) else ""
    is_rtl = vocab.writing_system.get("direction") == "rtl"
    return _template().render(
        title="Spans",
        policy=POLICY,
        lang=lang,
        direction="rtl" if is_rtl else "ltr",
        docs=[
            {
                "title": doc.user_data.get("title"),
                "words": _draw_words(doc, spans_key, colors),
            }
            for doc in docs
        ],
    )


def _template() -> jinja2.Template:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        finalize=_finalize,
        trim_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    return environment.get_template("span_page.html.jinja")


def _finalize(value: Any) -> Any:
    return value if isinstance(value, int) else printable(str(value))


def _draw_words(doc: Doc, spans_key: str, colors: Dict[str, str]) -> Iterator[Word]:
    spans = [span for span in doc.spans.get(spans_key, []) if len(span)]
    waiting = sorted(spans, key=lambda s: (s.start, -s.end, s.label_))[::-1]
    drawn: List[Tuple[Span, int]] = []  # those of the present token, with their lanes
    for token in doc:
        drawn = [(span, lane) for span, lane in drawn if span.end > token.i]
        while waiting and waiting[-1].start == token.i:
            drawn.append((waiting.pop(), drawn[-1][1] + 1 if drawn else 0))
        lines = [
            Line(
                color=colors[span.label_],
                top=TOP + STEP * lane,
                is_start=span.start == token.i,
                label=span.label_,
                kb_id=_kb_id(span),
            )
            for span, lane in drawn
        ]
        is_space = not token.text.strip()
        height = TOP + BOTTOM + STEP * (len(lines) - 1)
        yield Word(token.text, height, [] if is_space else lines)


def _kb_id(span: Span) -> str:
    # A DocBin keeps a string only if the Doc's vocab had it.
    strings: Any = span.doc.vocab.strings
    return span.kb_id_ if span.kb_id in strings else ""
