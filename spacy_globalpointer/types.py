"""Types and names shared by rooms that must not import each other."""

from __future__ import annotations

from typing import Tuple

#: First character, and character after the last.
CharSpan = Tuple[int, int]
#: First token, and token after the last.
TokenSpan = Tuple[int, int]
#: Label, first character, and character after the last. The scorer compares these.
LabelledSpan = Tuple[str, int, int]

#: ``Doc.user_data`` key under which a converter keeps the gold spans that the
#: Doc's tokens cannot represent, as ``[start_char, end_char, label]`` with an
#: exclusive end. The scorer counts them as missed.
LOST_GOLD = "spacy_globalpointer.lost_gold"

#: Mark in ``SpanGroup.attrs`` of a group that `global_pointer` wrote, which is sorted
#: by start token, end token and label.
SORTED = "spacy_globalpointer.sorted"

#: The spans of such a group that were scored, in ``SpanGroup.attrs``: first character,
#: character after the last and hash of the label, a row for each of attrs["scores"].
SCORED = "spacy_globalpointer.scored"

#: The evidence for the spans of such a group, in ``SpanGroup.attrs``: for each of
#: attrs["scores"] a list of the memory's entries, empty if none spoke for the span.
EVIDENCE = "spacy_globalpointer.evidence"

#: Mark in ``Doc.user_data`` of a reference that is raw text: nobody has annotated it,
#: so it says nothing about which spans are gold.
RAW_TEXT = "spacy_globalpointer.raw_text"
