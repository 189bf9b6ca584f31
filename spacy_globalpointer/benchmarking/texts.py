"""Texts to time pipelines on: a stream of texts, and texts of given lengths."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import cycle
from typing import List, Optional, Sequence

from spacy.language import Language

from ..errors import Errors
from ..example_sentences import example_sentences
from .timings import count_words


@dataclass
class TimedTexts:
    """Texts to time pipelines on, made by `plan_texts`.

    stream (List[str]): Texts to time as a stream.
    words (int): Number of their words: tokens that are not white space.
    available (int): Number of words without repeated texts.
    lengths (List[int]): Numbers of tokens.
    windows (List[List[str]]): For each length, texts of that many tokens.
    repeated (List[int]): Lengths whose texts repeat parts of the text.
    """

    stream: List[str]
    words: int
    available: int
    lengths: List[int]
    windows: List[List[str]]
    repeated: List[int]


def plan_texts(
    nlp: Language,
    texts: Optional[Sequence[str]],
    *,
    words: int,
    lengths: Sequence[int],
    runs: int,
) -> TimedTexts:
    """Choose the texts of a stream, and cut texts of given lengths.

    nlp (Language): The pipeline whose tokenizer counts.
    texts (Optional[Sequence[str]]): The texts; None for spaCy's example sentences of
        the language.
    words (int): Number of words of the stream, rounded up to whole texts. Texts are
        repeated to reach it.
    lengths (Sequence[int]): Numbers of tokens.
    runs (int): Number of texts of each length. They are cut from the texts one after
        another, from the start again after the end.
    RETURNS (TimedTexts): The texts.
    RAISES (ValueError): GP246 if there are no words.
    """
    given = example_sentences(nlp) if texts is None else list(texts)
    nlp.max_length = max([nlp.max_length, *(len(text) + 2 for text in given)])
    docs = [nlp.make_doc(f"{text}\n") for text in given]
    counts = [count_words(doc) for doc in docs]
    if not sum(counts):
        whose = f"spaCy's examples for {nlp.lang!r}" if texts is None else "The texts"
        raise ValueError(Errors.GP246.format(whose=whose))
    stream: List[str] = []
    n = 0
    for text, count in cycle(zip(given, counts)):
        if n >= words:
            break
        stream.append(text)
        n += count
    tokens = [token.text_with_ws for doc in docs for token in doc]
    return TimedTexts(
        stream=stream,
        words=n,
        available=min(sum(counts), n),
        lengths=list(lengths),
        windows=[_cut_windows(tokens, length, runs) for length in lengths],
        repeated=[length for length in lengths if length > len(tokens)],
    )


def _cut_windows(tokens: Sequence[str], length: int, n: int) -> List[str]:
    starts = range(0, n * length, length)
    return [
        "".join(tokens[i % len(tokens)] for i in range(start, start + length))
        for start in starts
    ]
