"""A page holds our own elements only, whatever its data are."""

from __future__ import annotations

import re
from html.parser import HTMLParser

from hypothesis import strategies as st

from spacy_globalpointer.report.templates import script_policy

VOID = {"meta", "br", "path", "circle", "rect", "input"}
HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    '"style="background:url(//x)',
    "javascript:alert(1)",
    "</style><script>alert(1)</script>",
    "</title></head><body onload=alert(1)>",
    "</span></div></figure><iframe src=//x>",
    "<!-- ",
    "]]><svg/onload=alert(1)>",
    "&lt;b&gt; &amp; &#60;i&#62; &quot;",
    "red;background:url(//x)",
    "{{ 7 * 7 }}{% raw %}{height}%s",
    "\x00\x0b\x1b\ufffe",
    "عربى‮",
]
TEXTS = st.sampled_from(HOSTILE) | st.lists(
    st.sampled_from(HOSTILE) | st.text(max_size=5), min_size=1, max_size=3
).map("".join)
#: Texts that are no white space.
NAMES = TEXTS.filter(str.strip)

#: What a text with its spans may hold.
DRAWN = {
    "div": {"class": "text( block)?", "lang": "[a-zA-Z-]{2,8}", "dir": "rtl|auto"},
    "mark": {
        "class": r"c\d l\d+( right| missed| spurious)?",
        "style": r"--l:\d+(;--p:[01]\.\d{3})?",
        "title": ".*",
    },
    "b": {},
    "i": {},
}
#: What the switches above such texts may hold.
CONTROLS = {
    "div": {
        "class": "controls|switches",
        "role": "group",
        "aria-label": "Labels|Gold and predicted",
    },
    "label": {"class": r"c\d|right|missed|spurious|threshold", "hidden": "hidden"},
    "input": {
        "type": "checkbox|range",
        "class": r"s\d+|show-[a-z]+",
        "checked": "checked",
        **{"min": r"[01]\.\d+", "max": "1", "step": r"0\.01", "value": "0"},
    },
    "output": {},
}


def merge(*allowed):
    """What one of several descriptions allows."""
    merged: dict = {}
    for tag, names in (pair for own in allowed for pair in own.items()):
        known = merged.setdefault(tag, {})
        for name, pattern in names.items():
            known[name] = f"{known[name]}|{pattern}" if name in known else pattern
    return merged


#: What the page of a picture may hold.
PICTURE = merge(
    DRAWN,
    CONTROLS,
    {
        **dict.fromkeys(["head", "title", "style", "script", "h2"], {}),
        "html": {"lang": "en"},
        "meta": {
            "charset": "utf-8",
            "http-equiv": "Content-Security-Policy",
            "name": "viewport",
            "content": f"{re.escape(script_policy('threshold.js'))}|"
            "width=device-width, initial-scale=1",
        },
        "body": {"class": "gp page"},
        "section": {"class": "document"},
        "p": {"class": "note"},
    },
)


class CheckedPage(HTMLParser):
    """Parses a page and collects what is not allowed in it.

    allowed (Dict[str, Dict[str, str]]): For each element its attributes, each with the
        pattern of its value.
    """

    def __init__(self, page, allowed):
        super().__init__(convert_charrefs=True)
        self.allowed = allowed
        self.problems = []
        self.open = []
        self.texts = {}  # by element
        self.elements = []
        self.feed(page)
        self.close()
        if self.open:
            self.problems.append(f"not closed: {self.open}")

    def handle_starttag(self, tag, attrs):
        known = self.allowed.get(tag)
        if known is None:
            self.problems.append(f"<{tag}>")
        for name, value in attrs:
            if not re.fullmatch((known or {}).get(name, "(?!)"), value or "", re.S):
                self.problems.append(f"<{tag} {name}={value!r}>")
        if len({name for name, _ in attrs}) != len(attrs):
            self.problems.append(f"<{tag}> has an attribute twice")
        self.elements.append(tag)
        self.texts.setdefault(tag, []).append("")
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.problems.append(f"</{tag}>")

    def handle_data(self, data):
        for tag in set(self.open):
            self.texts[tag][-1] += data

    def handle_decl(self, decl):
        if decl != "DOCTYPE html":
            self.problems.append(f"<!{decl}>")

    def handle_comment(self, data):
        self.problems.append(f"<!--{data}-->")

    handle_pi = unknown_decl = handle_comment
