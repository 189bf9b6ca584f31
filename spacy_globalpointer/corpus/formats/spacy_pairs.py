"""Read texts with their entities, in the form that `Example.from_dict` accepts.

There are three forms: an array of pairs of a text and an object; objects that contain
the text, in an array or one per line; and pairs under "annotations", which the NER
Annotator (a page in the browser) writes, with null for a text that nobody has
annotated:

    [["...", {"entities": [[0, 5, "ORG"]], "spans": {"sc": [[0, 5, "ORG"]]}}]]
    {"text": "...", "entities": [[0, 5, "ORG"]]}
    {"classes": ["ORG"], "annotations": [null, ["...", {"entities": [[0, 5, "ORG"]]}]]}

spaCy counts Unicode code points, and the end is exclusive. Other programs write these
forms too, and their offsets may differ: see `readings`.
"""

from __future__ import annotations

from typing import Any, Dict, List, Optional, Tuple

from ..annotations import Source
from .files import malformed
from .json_values import as_object, is_kind
from .readings import ENDS, Marked, Rule

#: Possible readings of the offsets.
PAIRS = Rule("spacy-json", ("code-points", "utf-16", "bytes"), ENDS)

#: Fields in which other formats have spans.
UNREAD = ("label", "labels", "annotations")
#: Fields of an object with a text that do not belong to the user.
FIELDS = ("id", "text", "entities", "spans", "cats", "relations", "meta", *UNREAD)


def has_pairs(value: Any) -> bool:
    """RETURNS (bool): Whether a value is a pair or null, or contains pairs."""
    if not isinstance(value, dict):
        return value is None or isinstance(value, list)
    if "text" not in value:
        return isinstance(value.get("annotations"), list)
    return "entities" in value and "ents" not in value and "tokens" not in value


def pairs(value: Any) -> List[Any]:
    """RETURNS (List[Any]): The pairs in a value, without nulls."""
    if not has_pairs(value) or value is None:
        return []
    if isinstance(value, dict) and "text" not in value:
        return [pair for pair in value["annotations"] if pair is not None]
    return [value]


def parse_pair(
    value: Any, source: Source, format: str
) -> Tuple[str, Dict[str, Any], Any]:
    """Split a pair into its parts.

    value (Any): A pair, or an object with a text.
    source (Source): File and line.
    format (str): Name of the format, for messages.
    RETURNS (Tuple[str, Dict[str, Any], Any]): The text, the object with its
        annotations, and what may be its id.
    RAISES (ValueError): GP164 for another value.
    """
    if isinstance(value, dict) and isinstance(value.get("text"), str):
        return value["text"], value, value.get("id")
    fits = isinstance(value, list) and len(value) == 2 and isinstance(value[0], str)
    if not fits:
        reason = "there is neither an object nor a pair of a text and an object"
        raise malformed(source, format, reason)
    return value[0], as_object(value[1], source, format), None


def mark(source: Source, value: Any) -> Marked:
    """Find the offsets of a pair.

    source (Source): File and line.
    value (Any): The pair.
    RETURNS (Marked): The text and its spans of all groups; both are empty if the value
        is not a pair.
    """
    try:
        text, record, _ = parse_pair(value, source, PAIRS.format)
    except ValueError:
        return Marked(source, "", [])
    groups = record.get("spans")
    groups = groups if isinstance(groups, dict) else {}
    fields = (record.get("entities"), *groups.values())
    lists = [entries for entries in fields if isinstance(entries, list)]
    entries = [entry for entries in lists for entry in entries if is_entry(entry)]
    return Marked(source, text, [_offsets_of(entry) for entry in entries])


def is_entry(value: Any) -> bool:
    """RETURNS (bool): Whether a value is an object or array with start, end, label."""
    if isinstance(value, dict):
        return {"start", "end", "label"} <= set(value)
    known = isinstance(value, list) and len(value) in (3, 4)
    return known and all(is_kind(offset, int) for offset in value[:2])


def claims_pairs(value: Any) -> Optional[bool]:
    """RETURNS (Optional[bool]): See `Format.claims`. The value contains pairs."""
    found = [_claims_pair(pair) for pair in pairs(value)]
    if False in found:
        return False
    return True if True in found else None


def _claims_pair(value: Any) -> Optional[bool]:
    try:
        _, record, _ = parse_pair(value, Source("", 1), PAIRS.format)
    except ValueError:
        return False
    entities, groups = record.get("entities"), record.get("spans")
    known = isinstance(entities, (list, type(None)))
    if not known or not isinstance(groups, (dict, type(None))):
        return False
    if isinstance(value, list):
        return True if entities is not None or groups else None
    if entities:
        return any(map(is_entry, entities))
    return True if groups else None


def _offsets_of(entry: Any) -> Tuple[Any, Any, Any]:
    if isinstance(entry, dict):
        return entry["start"], entry["end"], entry.get("text")
    return entry[0], entry[1], None
