"""Documents with their spans as pages and in notebooks."""

from __future__ import annotations

import re
from base64 import b64encode
from hashlib import sha256
from xml.etree import ElementTree

import numpy
import pytest
import spacy
from hypothesis import given
from hypothesis import strategies as st
from page_checks import HOSTILE, NAMES, PICTURE, TEXTS, CheckedPage, merge
from spacy import displacy
from spacy.attrs import LANG
from spacy.tokens import Doc, Span, SpanGroup
from spacy.training import Example
from spacy.vocab import Vocab

from spacy_globalpointer.report import render, to_displacy
from spacy_globalpointer.report.templates import printable
from spacy_globalpointer.span_score import set_scores
from spacy_globalpointer.types import LOST_GOLD

NLP = spacy.blank("en")
ELEMENT = merge(PICTURE, {"div": {"class": "gp element tex2jax_ignore mathjax_ignore"}})


def make_doc(words, spans, title=None, key="sc", scores=None, **kwargs):
    """A Doc with spans (start, end, label) or (start, end, label, kb_id)."""
    doc = Doc(kwargs.pop("vocab", NLP.vocab), words=words, **kwargs)
    own = [Span(doc, a, b, x, kb_id="".join(kb)) for a, b, x, *kb in spans]
    doc.spans[key] = SpanGroup(doc, spans=own, attrs={"scores": scores})
    if title is not None:
        doc.user_data["title"] = title
    return doc


def parse(page, allowed=PICTURE):
    parsed = CheckedPage(str(page), allowed)
    assert parsed.problems == []
    return parsed


def marks_of(page):
    """Text, class and title of each mark, without the classes of colours."""
    tree = ElementTree.fromstring(str(page).split("\n", 1)[1])
    return [
        ("".join(m.itertext()), m.get("class").split()[2:], m.get("title"))
        for m in tree.iter("mark")
    ]


PLACES = st.tuples(st.integers(0, 3), st.integers(1, 4))


@given(
    words=st.lists(NAMES, min_size=4, max_size=4),
    places=st.lists(st.tuples(PLACES, NAMES, TEXTS), max_size=5),
    title=TEXTS,
    key=TEXTS,
)
def test_data_make_no_elements_and_no_attributes(words, places, title, key):
    spans = [(a, min(a + n, 4), label, kb_id) for (a, n), label, kb_id in places]
    doc = make_doc(words, spans, title, key=key)
    picture = render([doc, Example(doc, doc.copy())], spans_key=key)
    for page in (parse(picture), parse(picture._repr_html_(), ELEMENT)):
        for _, _, label, kb_id in spans:
            assert printable(label) in page.texts["b"]  # the switch
            tag = printable(label) + f" {printable(kb_id)}" * bool(kb_id)
            assert tag in page.texts["b"]
        assert page.texts["h2"] == [printable(title)] * 2
        drawn = [own for own in page.texts["div"] if printable(words[3]) in own]
        assert all(printable(word) in drawn[-1] for word in words)


def test_text_is_drawn_unchanged():
    words, spaces = ["a", "\t", "\n\n", "b", "  ", "c"], [True, False, False, True] * 2
    doc = make_doc(words, [(0, 4, "X"), (3, 6, "Y")], spaces=spaces[:6])
    page = parse(render(doc))
    [text] = page.texts["div"][-1:]
    assert text.replace("X", "").replace("Y", "") == doc.text


def test_crossing_spans_are_drawn_as_nested_marks():
    doc = make_doc(list("abcd"), [(0, 3, "X"), (1, 2, "Y"), (2, 4, "Z")])
    assert [text for text, _, _ in marks_of(render(doc))] == [
        "a bY ",  # the part of X before the span that crosses it
        "bY",
        "cX dZ",
        "cX",
    ]


def test_probabilities_are_in_titles_and_colours():
    doc = make_doc(["a", "b"], [(0, 1, "X"), (1, 2, "X")], scores=[0.25, 1.0])
    page = str(render(doc))
    assert [title for _, _, title in marks_of(page)] == ["X 0.250", "X 1.000"]
    assert "--l:0;--p:0.250" in page and 'min="0.25"' in page


def test_scores_follow_the_spans_of_a_changed_group():
    doc = make_doc(["a", "b", "c"], [(0, 1, "X"), (1, 2, "X")])
    group = doc.spans["sc"]
    set_scores(group, numpy.array([0.25, 0.75], dtype="float32"))
    doc.spans["sc"] = SpanGroup(
        doc, spans=[Span(doc, 2, 3, "NEW"), group[1]], attrs=group.attrs
    )
    titles = [title for _, _, title in marks_of(render(doc))]
    assert titles == ["X 0.750", "NEW"]


def test_evidence_of_a_memory_is_in_the_title():
    doc = make_doc(["The", "Bank"], [(0, 2, "FIRM"), (1, 2, "PLACE")])
    own = [
        {"weight": 0.5, "words": "A <Bank>", "source": "notes", "text": "A <Bank>"},
        {"weight": 0.25, "words": "Bank", "source": "", "text": "Bank"},
    ]
    set_scores(doc.spans["sc"], numpy.array([0.75, 0.5]), [own, []])
    page = render(doc)
    parse(page)
    assert (
        'title="FIRM 0.750&#10;0.50 like A &lt;Bank&gt; (notes)&#10;0.25 like Bank"'
        in (str(page))
    )
    assert 'title="PLACE 0.500"' in str(page)


@pytest.mark.parametrize("score", [float("nan"), -1, 2.0, "<b>", None, [0.5]])
def test_scores_that_are_not_probabilities_are_not_drawn(score):
    doc = make_doc(["a"], [(0, 1, "X")], scores=[score])
    page = render(doc)
    assert marks_of(page)[0][2] == "X"
    assert "range" not in str(page)


def test_predicted_spans_are_compared_with_gold():
    words = ["a", "b", "c", "d"]
    reference = make_doc(words, [(0, 1, "X"), (1, 3, "Y")])
    reference.user_data[LOST_GOLD] = [[6, 7, "LOST"]]
    found = [(0, 1, "X"), (1, 2, "Y")]
    predicted = make_doc(words, found, "Title", scores=[0.9, 0.6])
    page = render(Example(predicted, reference))
    assert marks_of(page) == [
        ("aX", ["right"], "X 0.900, right"),
        ("b+Y c−Y", ["missed"], "Y, missed"),
        ("b+Y", ["spurious"], "Y 0.600, spurious"),
        ("d−LOST", ["missed"], "LOST, missed"),
    ]
    assert parse(page).texts["h2"] == ["Title"]


def test_without_gold_spans_there_is_no_comparison():
    predicted = make_doc(["a"], [(0, 1, "X")])
    reference = Doc(NLP.vocab, words=["a"])
    page = render(Example(predicted, reference))
    assert marks_of(page) == [("aX", [], "X")] and "spurious" not in parse(page).texts


def test_texts_that_differ_raise_GP107():
    example = Example(make_doc(["a"], []), make_doc(["b"], []))
    with pytest.raises(ValueError, match="GP107"):
        render(example)


@pytest.mark.parametrize("max_tokens,kept,n_spans", [(2, "a", 0), (6, "abcdef", 2)])
def test_max_tokens_splits_no_span(max_tokens, kept, n_spans):
    words = list("abcdefgh")
    found = make_doc(words, [(1, 3, "X"), (7, 8, "X")])
    gold = make_doc(words, [(2, 5, "Y")])
    page = render(Example(found, gold), max_tokens=max_tokens)
    assert [own.text.split() for own in page.documents] == [list(kept)]
    assert len(page.documents[0].spans) == n_spans
    left_out = len("a b c d e f g h ") - 2 * len(kept)
    assert f"{left_out} characters left out" in str(page)


def test_short_documents_are_not_cut():
    docs = [make_doc(["a", "b"], []), make_doc([], [])]
    page = render(docs, max_tokens=2)
    assert [own.text for own in page.documents] == ["a b ", ""]
    assert "left out" not in str(page)


@pytest.mark.parametrize("value", [*HOSTILE, "", "x" * 9, "en us"])
def test_invalid_language_and_direction_are_ignored(value):
    getters = {LANG: lambda _: value}
    vocab = Vocab(lex_attr_getters=getters, writing_system={"direction": value})
    doc = make_doc(["a"], [], vocab=vocab)
    page = str(render(doc))
    parse(page)
    assert '<div class="text" dir="auto">' in page
    assert to_displacy(doc)["settings"] == {"lang": "", "direction": "ltr"}


def test_arabic_is_written_from_right_to_left():
    docs = [make_doc(["a"], []), spacy.blank("ar").make_doc("مرحبا")]
    page = str(render(docs))
    assert '<div class="text" lang="en" dir="auto">' in page
    assert '<div class="text" lang="ar" dir="rtl">' in page


def test_nothing_is_loaded_and_only_our_script_may_run():
    page = str(render(make_doc(["a"], [(0, 1, "X")], scores=[0.5])))
    head, _, body = page.partition("<body")
    [script] = re.findall(r"<script>(.*?)</script>", body, flags=re.S)
    digest = b64encode(sha256(script.encode()).digest()).decode()
    assert "default-src &#39;none&#39;" in head
    assert f"script-src &#39;sha256-{digest}&#39;" in head.replace("&#43;", "+")
    assert "url(" not in page and "@import" not in page and "http" not in body


@pytest.mark.parametrize("title", [5, ["a", "<b>"], {"a": "<script>"}, None])
def test_a_title_may_be_anything(title):
    page = parse(render(make_doc(["a"], [], title)))
    assert page.texts.get("h2", []) == ([] if title is None else [str(title)])


def test_an_id_that_no_vocab_has_is_not_drawn():
    doc = make_doc(["a"], [])
    doc.spans["sc"] = [Span(doc, 0, 1, label="X", kb_id=12345)]
    assert "i" not in parse(render(doc)).elements
    assert to_displacy(doc)["spans"][0]["kb_id"] == ""


def test_each_label_has_a_switch_and_a_colour():
    labels = [f"L{i:02}" for i in range(23)]
    doc = make_doc(["a"] * 23, [(i, i + 1, x) for i, x in enumerate(labels)])
    page = str(render(doc))
    for i, label in enumerate(labels):
        assert f'class="s{i}" checked="checked"/> <b>{label}</b> 1</label>' in page
        assert f'<mark class="c{i % 10} l{i}"' in page
        assert f".gp:has(.s{i}:not(:checked)) mark.l{i} " in page


def test_the_style_of_a_notebook_element_applies_to_nothing_else():
    html = render(make_doc(["a"], [(0, 1, "X")]))._repr_html_()
    [style] = re.findall("<style>(.*?)</style>", html, flags=re.S)
    selectors = re.findall(
        r"([^{}@;]+)\{", re.sub(r"@media[^{]+\{|/\*.*?\*/", "", style)
    )
    assert len(selectors) > 30
    for selector in selectors:
        for own in re.sub(r"\([^)]*\)", "", selector).split(","):
            assert own.strip().startswith(".gp"), selector


def linear(color):
    return numpy.where(
        color <= 0.04045, color / 12.92, ((color + 0.055) / 1.055) ** 2.4
    )


def contrast(one, other):
    low, high = sorted(linear(x) @ [0.2126, 0.7152, 0.0722] for x in (one, other))
    return (high + 0.05) / (low + 0.05)


def colors_of_modes():
    """Of light and dark mode the text, the background and the colours of labels."""
    style = str(render([]))
    style = style[style.index(".gp {") :]
    for css in style.split("prefers-color-scheme: dark", 1):
        text, ground = (
            numpy.array([int(x * (3 - len(x)), 16) for x in re.findall(part, value)])
            for name in ("fg", "bg")
            for value in re.findall(rf"--{name}: #(\w+);", css)[:1]
            for part in ["." * (len(value) // 3)]
        )
        rows = re.findall(r"\.c\d \{ --c: (\d+) (\d+) (\d+);", css)
        yield text / 255, ground / 255, numpy.array(rows, dtype=float) / 255


def test_tags_and_lines_of_all_colours_can_be_read_in_both_modes():
    for text, ground, colors in colors_of_modes():
        assert len(colors) == 10 and contrast(text, ground) >= 7
        for color in colors:
            assert contrast(color, ground) >= 3
            for depth in (0.12, 0.36):
                assert contrast(text, depth * color + (1 - depth) * ground) >= 4.5


# Of Machado et al. 2009, for linear sRGB: full protanopia, deuteranopia, tritanopia.
SIGHTS = [
    numpy.eye(3),
    [[0.152, 1.053, -0.205], [0.115, 0.786, 0.099], [-0.004, -0.048, 1.052]],
    [[0.367, 0.861, -0.228], [0.280, 0.673, 0.047], [-0.012, 0.043, 0.969]],
    [[1.256, -0.077, -0.179], [-0.078, 0.931, 0.148], [0.005, 0.691, 0.304]],
]
# Linear sRGB to OKLab, before and after the cube root (Ottosson 2020).
TO_LMS = [[0.412, 0.536, 0.051], [0.212, 0.681, 0.107], [0.088, 0.282, 0.630]]
TO_LAB = [[0.210, 0.794, -0.004], [1.978, -2.429, 0.451], [0.026, 0.783, -0.809]]


@pytest.mark.parametrize("sight", SIGHTS)
def test_colours_differ_in_normal_and_colour_blind_sight(sight):
    for _, _, colors in colors_of_modes():
        seen = numpy.clip(linear(colors) @ numpy.transpose(sight), 0, 1)
        lab = numpy.cbrt(seen @ numpy.transpose(TO_LMS)) @ numpy.transpose(TO_LAB)
        distances = numpy.linalg.norm(lab[:, None] - lab, axis=-1) + numpy.eye(10)
        assert distances[:6, :6].min() > 0.12 and distances.min() > 0.075


def test_size_of_a_page_is_linear_in_the_text():
    sizes = []
    for n in (2000, 4000):
        places = [(i, i + 3, "A") for i in range(0, n - 3, 2)]
        sizes.append(len(str(render(make_doc(["word"] * n, places)))))
    fixed = len(str(render(make_doc([], []))))
    assert (sizes[1] - fixed) < 2.1 * (sizes[0] - fixed)


@pytest.mark.filterwarnings("ignore:.*W117")
def test_displacy_draws_the_export_like_the_document():
    words = ["Mary", "<saw>", "\n\n", "Leith", "."]
    spans = [(0, 4, "A"), (3, 4, "B"), (0, 1, "A", "Q42")]
    docs = [make_doc(words, spans, "Title"), make_doc(["x"], [])]
    options = {"style": "span", "page": True, "jupyter": False}
    exported = [to_displacy(doc) for doc in docs]
    ours = displacy.render(exported, manual=True, **options)
    assert ours == displacy.render(docs, **options)


def test_displacy_gets_labels_ids_and_titles_escaped():
    evil = "<script>alert(1)</script>"
    doc = make_doc(["a"], [(0, 1, evil, evil)], evil, key=evil)
    exported = to_displacy(doc, spans_key=evil)
    html = displacy.render(exported, style="span", manual=True, jupyter=False)
    assert "<script" not in html and html.count("&lt;script&gt;") == 3
