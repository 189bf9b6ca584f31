"""A page holds our own elements only, whatever its data are."""

from __future__ import annotations

import re
from html.parser import HTMLParser

from hypothesis import strategies as st

from spacy_globalpointer.evaluation.colors import PALETTE
from spacy_globalpointer.evaluation.markup import POLICY

VOID = {"meta", "br", "path", "circle", "rect"}
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

COLOR = f"background: ({'|'.join(PALETTE)}); "
LINE = COLOR + r"top: \d+px; height: 4px; "
EDGES = "left: -1px; width: calc\\(100% \\+ 2px\\); position: absolute;"
#: What a page of `span_page` may hold.
SPAN_PAGE = {
    "html": {"lang": "[a-zA-Z-]{2,8}"},
    "head": {},
    "meta": {
        "charset": "utf-8",
        "http-equiv": "Content-Security-Policy",
        "content": re.escape(POLICY),
    },
    "title": {},
    "body": {"style": "font-size: 16px; [\\w\\s,'-]*:[^;:<]*; .*direction: (ltr|rtl)"},
    "figure": {"style": "margin-bottom: 6rem"},
    "h2": {"style": "margin: 0"},
    "div": {"class": "spans", "style": "line-height: 2.5; direction: (ltr|rtl)"},
    "span": {
        "style": "|".join(
            [
                r"font-weight: bold; display: inline-block; position: relative; "
                r"height: \d+px;",
                f"{LINE}(border-[a-z-]*-left-radius: 3px; ){{0,2}}{EDGES}",
                f"{COLOR}z-index: 10; color: #000; top: -0.5em; [\\w :;.-]*",
            ]
        )
    },
    "a": {"href": "#", "style": "text-decoration: none; color: inherit; [\\w :-]*"},
}


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
