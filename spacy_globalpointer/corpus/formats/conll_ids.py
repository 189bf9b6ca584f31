"""Ids of tokens and sentences, and counters, in a column of a token-tag file."""

from __future__ import annotations

import re
from typing import List, NamedTuple, Optional, Sequence

Values = Sequence[str]
#: Values that mean an empty cell.
PLACEHOLDERS = frozenset(("", "_", "-", "-X-"))
#: In a reversed value: the text after the last number, and the number.
_LAST_NUMBER = re.compile(r"(\D*)(\d{1,15})(?!\d)")
_EXTRA = re.compile(r"\d{1,9}[-.]\d{1,9}")


class Id(NamedTuple):
    """An id with a number in it, such as "s3_w12": the text before the last number, the
    number, and the text after it."""

    before: str
    number: int
    after: str


def is_sequence(values: Values) -> bool:
    """RETURNS (bool): Whether values count tokens or sentences. In at least nine of
    ten, the last number equals that of the value before, or is one more, 0 or 1.
    Otherwise the numbers must never decrease."""
    found = [read_id(value) for value in without_extras(values)]
    ids = [id for id in found if id is not None]
    if not ids or len(ids) < len(found):
        return False
    if len(ids) == 1:
        return ids[0].number < 2
    pairs = list(zip(ids, ids[1:]))
    n_good = sum(b == a or b.number < 2 or _is_next(a, b) for a, b in pairs)
    rises = all(a[::2] == b[::2] and a.number <= b.number for a, b in pairs)
    return 10 * n_good >= 9 * len(pairs) or (rises and len(pairs) > 1)


def is_blocks(values: Values) -> bool:
    """RETURNS (bool): Whether all rows with the same value are next to each other,
    three or more on average."""
    starts = [b for a, b in zip(["", *values], values) if a != b]
    return len(set(starts)) == len(starts) and len(values) >= 3 * len(starts)


def is_repeated(values: Values, firsts: Sequence[bool]) -> bool:
    """Check whether the tokens of a sentence have the same value.

    values (Sequence[str]): The values.
    firsts (Sequence[bool]): For each, whether a line before it ends a sentence.
    RETURNS (bool): Whether at least a quarter of the values repeat the value above them
        in the same sentence, or are empty.
    """
    pairs = zip(values, values[1:], firsts[1:])
    repeats = [b in ("", a) for a, b, is_first in pairs if not is_first]
    return bool(repeats) and 4 * sum(repeats) >= len(repeats)


def is_counter(values: Values) -> bool:
    """RETURNS (bool): Whether values are whole numbers that count tokens. CoNLL-U's ids
    of multiword tokens and empty nodes may be between them."""
    plain = without_extras(values)
    return all(v.isdecimal() for v in plain) and is_sequence(plain)


def without_extras(values: Values) -> List[str]:
    """RETURNS (List[str]): The values without placeholders and, if more than half are
    whole numbers, without CoNLL-U's ids of multiword tokens and empty nodes."""
    filled = [value for value in values if value not in PLACEHOLDERS]
    n_whole = sum(value.isdecimal() for value in filled)
    if 2 * n_whole <= len(filled):
        return filled
    return [value for value in filled if not is_extra_id(value)]


def is_extra_id(value: str) -> bool:
    """RETURNS (bool): Whether an id is that of a multiword token, such as "1-2", or of
    an empty node, such as "8.1"."""
    return _EXTRA.fullmatch(value) is not None


def read_id(value: str) -> Optional[Id]:
    """RETURNS (Optional[Id]): An id split at its last number, if it has a number."""
    match = _LAST_NUMBER.match(value[::-1])
    if match is None:
        return None
    after, number = match[1][::-1], match[2][::-1]
    return Id(value[: len(value) - match.end()], int(number), after)


def continues_ids(before: str, value: str) -> bool:
    """RETURNS (bool): Whether the id of a token belongs to the same sentence as the one
    before: only the last number differs, and it is higher."""
    a, b = read_id(before), read_id(value)
    return a is None or b is None or (a[::2] == b[::2] and a.number < b.number)


def _is_next(a: Id, b: Id) -> bool:
    return a[::2] == b[::2] and b.number == a.number + 1
