"""Entries of a mention memory that speak on the same labels."""

from __future__ import annotations

from collections import defaultdict
from typing import DefaultDict, Dict, FrozenSet, List, Mapping, NamedTuple, Set, Tuple

from .entries import Entries

#: Labels that sources annotate, although their entries may have none of them.
Annotated = Mapping[str, FrozenSet[str]]


class Pool(NamedTuple):
    """Labels that the same sources annotate, and all entries of these sources.

    labels (Tuple[str, ...]): The labels, in alphabetical order.
    entries (Entries): The entries, which may also have other labels, or none.
    """

    labels: Tuple[str, ...]
    entries: Entries


def annotated_labels(
    entries: Entries, annotated: Annotated
) -> Dict[str, FrozenSet[str]]:
    """Return the labels that each source of entries annotates.

    entries (Entries): The entries.
    annotated (Annotated): Labels that sources annotate, in addition to those of their
        entries.
    RETURNS (Dict[str, FrozenSet[str]]): The labels of each source, sorted by source.
    """
    found: DefaultDict[str, Set[str]] = defaultdict(set)
    for one in entries.mentions:
        own = found[one.source]
        if one.label is not None:
            own.add(one.label)
    return {x: annotated.get(x, frozenset()) | found[x] for x in sorted(found)}


def pools_of(entries: Entries, annotated: Annotated) -> Tuple[Pool, ...]:
    """Group the labels of entries by the sources that annotate them. An entry without
    the label X says that its span is no X only if its source annotates X: in texts in
    which only banks are annotated, persons have no label.

    entries (Entries): The entries.
    annotated (Annotated): Labels that sources annotate, in addition to those of their
        entries. Labels that no entry has are ignored.
    RETURNS (Tuple[Pool, ...]): The groups. Each label of the entries is in one of them.
    """
    labels_of = annotated_labels(entries, annotated)
    groups: DefaultDict[FrozenSet[str], List[str]] = defaultdict(list)
    for label in entries.label_names:
        sources = frozenset(name for name, own in labels_of.items() if label in own)
        groups[sources].append(label)
    return tuple(
        Pool(tuple(labels), _from_sources(entries, sources))
        for sources, labels in groups.items()
    )


def _from_sources(entries: Entries, sources: FrozenSet[str]) -> Entries:
    return entries.only(lambda one: one.source in sources)
