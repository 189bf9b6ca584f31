"""Find the name and the metadata that are stored on a Doc."""

from __future__ import annotations

import math
from typing import Any, Dict, Iterator, Tuple

from spacy.tokens import Doc

from ..types import LOST_GOLD
from .deep_values import is_too_deep

TITLE, META, TOKENS, ID = "title", "meta", "tokens", "id"
#: Keys of `doc.user_data` that do not hold the user's own metadata.
_OWN = (TITLE, META, TOKENS, LOST_GOLD)
#: First part of spaCy's key for an extension attribute, `doc._.NAME`.
_EXTENSION = "._."


def doc_name(doc: Doc) -> str:
    """Return a Doc's name: "title" of `doc.user_data`, where `align.make_doc` puts it,
    or else "id" there, or `doc._.id`.

    doc (Doc): The Doc.
    RETURNS (str): The name; "" if there is none.
    """
    return _title(doc) or _name_of(dict(_fields(doc)).get(ID))


def doc_meta(doc: Doc) -> Dict[str, Any]:
    """Collect a Doc's metadata: "meta" of `doc.user_data`, where `align.make_doc` puts
    it, other entries of `doc.user_data`, and extension attributes of the Doc.

    doc (Doc): The Doc.
    RETURNS (Dict[str, Any]): The entries that JSON can hold, without the Doc's name.
    """
    meta = {key: _as_json(value) for key, value in _fields(doc) if _is_json(value)}
    if not _title(doc) and _name_of(meta.get(ID)):
        del meta[ID]
    given = doc.user_data.get(META)
    if isinstance(given, dict) and _is_json(given):
        meta.update(_as_json(given))
    return meta


def _fields(doc: Doc) -> Iterator[Tuple[str, Any]]:
    """YIELDS (Tuple[str, Any]): Name and value of each extension attribute, then of
    each other entry of `doc.user_data`. Attributes of spans and tokens are left out,
    and so are entries of other libraries whose keys are not strings."""
    for key, value in doc.user_data.items():
        is_tuple = isinstance(key, tuple) and len(key) == 4
        if is_tuple and (key[0], *key[2:]) == (_EXTENSION, None, None):
            yield key[1], value
    for key, value in doc.user_data.items():
        if isinstance(key, str) and key not in _OWN:
            yield key, value


def _title(doc: Doc) -> str:
    title = doc.user_data.get(TITLE)
    return title if isinstance(title, str) else ""


def _name_of(value: Any) -> str:
    """RETURNS (str): A value as a name; "" if it is neither a text nor an integer."""
    is_name = isinstance(value, (str, int)) and not isinstance(value, bool)
    return str(value) if is_name else ""


def _is_json(value: Any) -> bool:
    return not is_too_deep(value) and _is_plain(value)


def _is_plain(value: Any) -> bool:
    if isinstance(value, (list, tuple)):
        return all(map(_is_plain, value))
    if isinstance(value, dict):
        named = all(isinstance(key, str) for key in value)
        return named and all(map(_is_plain, value.values()))
    if isinstance(value, float):
        return math.isfinite(value)
    return value is None or isinstance(value, (str, bool, int))


def _as_json(value: Any) -> Any:
    """Convert tuples to lists, because a DocBin returns lists as tuples."""
    if isinstance(value, (list, tuple)):
        return [_as_json(entry) for entry in value]
    if isinstance(value, dict):
        return {key: _as_json(entry) for key, entry in value.items()}
    return value
