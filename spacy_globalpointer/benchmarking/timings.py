"""Time functions alternately, and pipelines on texts."""

from __future__ import annotations

import time
from typing import Callable, Dict, Hashable, Iterable, List, Mapping, Optional, TypeVar

from spacy.language import Language
from spacy.tokens import Doc

Name = TypeVar("Name", bound=Hashable)
Result = TypeVar("Result")


def take_turns(
    functions: Mapping[Name, Callable[[int], Result]], turns: int
) -> Dict[Name, List[Result]]:
    """Call functions alternately, so that a machine that becomes slower or faster does
    so for all of them. One more turn comes first, to warm up.

    functions (Mapping[Name, Callable[[int], Result]]): The functions by name. They are
        called with the number of the turn, which is 0 for the one that warms up.
    turns (int): Number of turns whose results are returned.
    RETURNS (Dict[Name, List[Result]]): The results by name.
    """
    results: Dict[Name, List[Result]] = {name: [] for name in functions}
    for turn in range(turns + 1):
        for name, function in functions.items():
            result = function(turn)
            if turn:
                results[name].append(result)
    return results


def time_stream(
    nlp: Language, texts: Iterable[str], batch_size: Optional[int] = None
) -> float:
    """Run a pipeline on texts as a stream.

    nlp (Language): The pipeline.
    texts (Iterable[str]): The texts.
    batch_size (Optional[int]): Number of texts in a batch; None for the pipeline's.
    RETURNS (float): Seconds.
    """
    start = time.perf_counter()
    for _ in nlp.pipe(texts, batch_size=batch_size):
        pass
    return time.perf_counter() - start


def time_each(nlp: Language, texts: Iterable[str]) -> List[float]:
    """Run a pipeline on one text at a time.

    nlp (Language): The pipeline.
    texts (Iterable[str]): The texts.
    RETURNS (List[float]): The seconds of each text.
    """
    seconds = []
    for text in texts:
        start = time.perf_counter()
        nlp(text)
        seconds.append(time.perf_counter() - start)
    return seconds


def count_words(doc: Doc) -> int:
    """RETURNS (int): The number of a document's tokens that are not white space."""
    return sum(not token.is_space for token in doc)
