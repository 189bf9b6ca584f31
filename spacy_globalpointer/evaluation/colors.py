"""Colours of labels."""

from __future__ import annotations

from typing import Dict, Iterable

# Light colours, so that black text can be read on them; neighbours differ in hue.
PALETTE = (
    "#aa9cfc",
    "#feca74",
    "#7aecec",
    "#ff9561",
    "#bfeeb7",
    "#ff8197",
    "#9cc9cc",
    "#ffeb80",
    "#f0d0ff",
    "#c5d86d",
    "#8ab6f9",
    "#e4c1a0",
)


def assign_colors(labels: Iterable[str]) -> Dict[str, str]:
    """Give each label a colour.

    labels (Iterable[str]): The labels.
    RETURNS (Dict[str, str]): The colours; the same for the same labels.
    """
    ordered = enumerate(sorted(set(labels)))
    return {label: PALETTE[i % len(PALETTE)] for i, label in ordered}
