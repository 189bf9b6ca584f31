"""Spans drawn on text in HTML, as displaCy's span style does: a line under the words
for each, with its label. Whatever comes from the data is escaped."""

from __future__ import annotations

from typing import Dict, List, NamedTuple, Sequence, Tuple

from .markup import escape

#: A longer token is drawn in part.
LONGEST_TOKEN = 80
#: Estimated width of a letter of a label and of one of the text, in the text's em.
LABEL_LETTER, TEXT_LETTER, LABEL_MARGIN = 0.46, 0.48, 1.0


class Word(NamedTuple):
    """A token.

    text (str): Its text.
    spaced (bool): Whether a space follows.
    """

    text: str
    spaced: bool


class DrawnSpan(NamedTuple):
    """A span of words.

    start (int): First word, at least 0.
    end (int): Word after the last.
    label (str): The label.
    mark (str): Signs in front of the label.
    is_wrong (bool): Whether it is drawn as a mistake.
    title (str): What is shown when a pointer rests on the label.
    """

    start: int
    end: int
    label: str
    mark: str
    is_wrong: bool
    title: str


def draw_spans(
    words: Sequence[Word], spans: Sequence[DrawnSpan], colors: Dict[str, str]
) -> str:
    """Draw spans on words.

    words (Sequence[Word]): The words.
    spans (Sequence[DrawnSpan]): The spans.
    colors (Dict[str, str]): Colour of each label.
    RETURNS (str): A <div>.
    """
    covering: List[List[Tuple[int, DrawnSpan]]] = [[] for _ in words]
    for lane, span in assign_lanes(spans):
        for i in range(span.start, span.end):
            covering[i].append((lane, span))
    parts: List[str] = []
    for i, word in enumerate(words):
        following = covering[i + 1] if i + 1 < len(words) else []
        shared = any(own in following for own in covering[i])
        parts.append(_draw_word(i, word, covering[i], colors, words, shared))
    return f'<div class="text" dir="auto">{"".join(parts)}</div>'


def assign_lanes(spans: Sequence[DrawnSpan]) -> List[Tuple[int, DrawnSpan]]:
    """Choose the line of each span under the text: the highest that is free, so that a
    span is above those that it holds.

    spans (Sequence[DrawnSpan]): The spans.
    RETURNS (List[Tuple[int, DrawnSpan]]): Each with its line, from 0 on, by start.
    """
    ends: List[int] = []  # of the last span of each line
    placed = []
    for span in sorted(spans, key=lambda s: (s.start, -s.end, s.label, s.mark)):
        free = (lane for lane, end in enumerate(ends) if end <= span.start)
        lane = next(free, len(ends))
        ends[lane : lane + 1] = [span.end]
        placed.append((lane, span))
    return placed


def _draw_word(
    index: int,
    word: Word,
    covering: List[Tuple[int, DrawnSpan]],
    colors: Dict[str, str],
    words: Sequence[Word],
    shared: bool,
) -> str:
    if not word.text.strip():
        return "<br/>" if "\n" in word.text else " "
    space = " " if word.spaced else ""
    text = escape(_shorten(word.text))
    if not covering:
        return text + space
    inner, outer = (space, "") if shared else ("", space)
    lines = "".join(_draw_line(index, lane, s, colors) for lane, s in covering)
    depth = 1 + max(lane for lane, _ in covering)
    starting = [span for _, span in covering if span.start == index]
    width = max((_missing_width(span, words) for span in starting), default=0.0)
    style = f"--d:{depth}"
    if width > 0:
        style += f";min-width:{width + TEXT_LETTER * len(word.text):.1f}em"
    return f'<span class="t" style="{style}">{text}{inner}{lines}</span>{outer}'


def _draw_line(index: int, lane: int, span: DrawnSpan, colors: Dict[str, str]) -> str:
    style = f"--l:{lane};--c:{colors[span.label]}"
    wrong = " wrong" if span.is_wrong else ""
    tag = ""
    if span.start == index:
        label = escape(f"{span.mark} {span.label}".strip())
        tag = f'<b class="tag{wrong}" title="{escape(span.title)}">{label}</b>'
    return f'<i class="line{wrong}" style="{style}">{tag}</i>'


def _missing_width(span: DrawnSpan, words: Sequence[Word]) -> float:
    """How much wider the label is than the words of its span, in em."""
    needed = LABEL_LETTER * (len(span.label) + 2 * len(span.mark)) + LABEL_MARGIN
    letters = sum(len(w.text) + w.spaced for w in words[span.start : span.end])
    return needed - TEXT_LETTER * letters


def _shorten(text: str) -> str:
    return text if len(text) <= LONGEST_TOKEN else f"{text[:LONGEST_TOKEN]}…"
