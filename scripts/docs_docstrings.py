"""Docstrings in spaCy's dialect, for mkdocstrings.

spaCy writes `name (Type): text.`, `RETURNS (Type): text.` and `RAISES (Error): text.`,
which griffe does not parse. This extension rewrites them as Google's sections.
"""

from __future__ import annotations

import re
from typing import Any, Dict, List

import griffe

SECTIONS = {"YIELDS": "Yields", "RETURNS": "Returns", "RAISES": "Raises"}
_FIELD = re.compile(r"(?P<name>\*{0,2}\w+)(?: \((?P<type>.+?)\))?: (?P<text>.*)")


class SpacyDocstrings(griffe.Extension):
    """Rewrite every docstring before it is rendered. mkdocstrings makes it."""

    def on_instance(self, *, obj: griffe.Object, **kwargs: Any) -> None:
        """Rewrite the docstring of an object, if it has one."""
        if obj.docstring:
            obj.docstring.value = to_google(obj.docstring.value)


def to_google(docstring: str) -> str:
    """Rewrite a docstring in spaCy's dialect as one in Google's.

    docstring (str): The docstring, without indentation.
    RETURNS (str): The same text with the sections Args, Yields, Returns and Raises.
    """
    text: List[str] = []
    fields: Dict[str, List[str]] = {}
    target = text
    for line in docstring.split("\n"):
        match = _FIELD.fullmatch(line)
        if match and _is_field(match):
            section = SECTIONS.get(match["name"], "Args")
            target = fields.setdefault(section, [])
            target.append(_google_field(section, **match.groupdict()))
        elif target is not text and line.startswith("    "):
            target.append(f"    {line}")
        else:
            target = text
            target.append(line)
    sections = [f"\n{name}:\n" + "\n".join(lines) for name, lines in fields.items()]
    return "\n".join([*text, *sections])


def _is_field(match: re.Match[str]) -> bool:
    return bool(match["type"] or match["name"].startswith("**"))


def _google_field(section: str, name: str, type: str, text: str) -> str:
    if section == "Args":
        return f"    {name} ({type}): {text}" if type else f"    {name}: {text}"
    return f"    {type}: {text}"
