"""Check whether a DocBin can hold a document."""

from __future__ import annotations

from typing import Any, Iterator, Optional

from ..annotations import AnnotatedText
from .json_values import HALF


def why_not_storable(document: AnnotatedText) -> Optional[str]:
    """Find values that a DocBin cannot hold: half a surrogate pair, which is not valid
    Unicode, or numbers of more than 64 bits.

    document (AnnotatedText): The document.
    RETURNS (Optional[str]): What is wrong, or None.
    """
    half = HALF.search(document.text)
    if half is not None:
        return f"character {half.start()} of the text is half a surrogate pair"
    strings = {document.name}
    for span in document.spans:
        strings.update((span.label, span.id))
    strings.update(_strings_of(document.meta))
    bad = next((text for text in strings if HALF.search(text)), None)
    if bad is not None:
        return f"{bad!r} has half a surrogate pair"
    if any(not -(2**63) <= n < 2**63 for n in _numbers_of(document.meta)):
        return "a number in its metadata has more than 64 bits"
    return None


def _leaves(value: Any) -> Iterator[Any]:
    stack = [value]
    while stack:
        value = stack.pop()
        if isinstance(value, (dict, list, tuple)):
            stack.extend(value.items() if isinstance(value, dict) else value)
        else:
            yield value


def _strings_of(meta: Any) -> Iterator[str]:
    return (leaf for leaf in _leaves(meta) if isinstance(leaf, str))


def _numbers_of(meta: Any) -> Iterator[int]:
    return (leaf for leaf in _leaves(meta) if isinstance(leaf, int))
