"""Readings of offsets: the texts decide, else the format's own holds or the user."""

from __future__ import annotations

import pytest
from format_helpers import read_value
from hypothesis import given
from hypothesis import strategies as st

from spacy_globalpointer.corpus.annotations import Reason, Source, TextSpan
from spacy_globalpointer.corpus.formats.files import SourceFile
from spacy_globalpointer.corpus.formats.readings import (
    ENDS,
    Marked,
    Places,
    Reading,
    Rule,
)

SOURCE = Source("a.json", 1)
UNITS = ("code-points", "utf-16", "bytes")
RULE = Rule("spacy-json", UNITS, ENDS)
OPEN = Rule("doccano", ("utf-16", "graphemes", "code-points"), is_known=False)
NAMES = ["Zoë Müller", "Köln"]
TEXT = "👍 Zoë Müller lives in Köln."


def length(text, unit):
    """Independent of the package: how long a text is in a unit."""
    codec = {"code-points": "utf-32-le", "utf-16": "utf-16-le", "bytes": "utf-8"}[unit]
    width = {"code-points": 4, "utf-16": 2, "bytes": 1}[unit]
    return len(text.encode(codec)) // width


def offsets(text, names, unit, end):
    """Where names begin and end in a text."""
    shift = int(end == "inclusive")
    places = [(text.index(name), text.index(name) + len(name)) for name in names]
    return [
        (length(text[:a], unit), length(text[:b], unit) - shift, None)
        for a, b in places
    ]


def choose(rule, tmp_path, *marked, **options):
    file = SourceFile(tmp_path / "a.json", "a.json")
    texts = [Marked(SOURCE, text, spans) for text, spans in marked]
    return rule.choose(file, texts, rule.readings(**options))


@pytest.mark.parametrize("unit", UNITS)
@pytest.mark.parametrize("end", ENDS)
@pytest.mark.filterwarnings("ignore:.*GPW115")
def test_the_reading_that_all_spans_fit_is_chosen(tmp_path, unit, end):
    spans = offsets(TEXT, NAMES, unit, end)
    reading = choose(RULE, tmp_path, (TEXT, spans))
    assert reading == (unit, end)
    places = Places(TEXT, reading)
    assert [TEXT[slice(*places.find(a, b))] for a, b, _ in spans] == NAMES


@pytest.mark.parametrize(
    "text,start,name",
    [
        ("é Ann ran", 3, "Ann"),  # of code points, "nn " ends with a space
        ("éé Ann Bob", 5, "Ann"),  # "n B" begins within a word
        ("é Ann", 3, "Ann"),  # beyond the end
        ("é को कि की की", 3, "को"),  # begins with a vowel sign
    ],
)
def test_offsets_that_do_not_fit_code_points_are_read_as_bytes(
    tmp_path, text, start, name
):
    spans = [(start, start + len(name.encode()), None)]
    with pytest.warns(UserWarning, match="GPW115.*as bytes"):
        reading = choose(RULE, tmp_path, (text, spans), end="exclusive")
    assert reading.unit == "bytes"


def test_own_reading_is_used_if_the_text_does_not_decide(tmp_path):
    spans = [(4, 6, None)]
    assert choose(RULE, tmp_path, ("李明👍在北京工作", spans)) == RULE.readings()[0]


def test_copies_decide_if_the_text_does_not(tmp_path):
    text = "李明👍在北京工作"
    assert choose(RULE, tmp_path, (text, [(5, 7, "北京")])).unit == "utf-16"
    assert choose(RULE, tmp_path, (text, [(4, 6, "北京")])).unit == "code-points"


def test_without_an_own_reading_the_user_is_asked(tmp_path):
    message = r"GP129.*a\.json.*4 to 6 is '在北' as utf-16; '北京' as graphemes, "
    message += r"code-points.*--option offsets=utf-16\|graphemes\|code-points"
    with pytest.raises(ValueError, match=message):
        choose(OPEN, tmp_path, ("李明👍在北京工作", [(4, 6, None)]))


def test_spans_before_rare_characters_do_not_ask_the_user(tmp_path):
    assert choose(OPEN, tmp_path, ("李明👍在", [(0, 2, None)])).unit == "utf-16"


def test_every_text_of_a_file_counts(tmp_path):
    plain = [("Ann ran", [(0, 3, None)])] * 2000
    late = ("👍 Ann ran", [(2, 5, None)])
    reading = choose(OPEN, tmp_path, *plain, late)
    assert Places("👍 Ann ran", reading).find(2, 5) == (2, 5)


def test_few_mistakes_do_not_change_the_reading(tmp_path):
    """A span with a space at its end fits another reading by chance."""
    text = "Müller ran. Zoë ran."
    good = offsets(text, ["Müller", "Zoë"], "code-points", "exclusive")
    marked = [(text, good), (text, [(0, 7, None)])]
    assert choose(RULE, tmp_path, *marked) == RULE.readings()[0]


def test_space_at_the_ends_of_spans_does_not_mean_an_inclusive_end(tmp_path, recwarn):
    entities = [[0, 10, "PER"], [15, 23, "PER"]]
    value = [["Une fille a vu Le Mage .", {"entities": entities}]]
    [(document, _)] = read_value("spacy-json", tmp_path, value)
    assert [(s.start, s.end) for s in document.spans] == [(0, 10), (15, 23)]
    assert not recwarn.list


def test_texts_that_contradict_each_other_ask_the_user(tmp_path):
    bytes_ = ("é Ann, é Bo ran", [(3, 6, None), (11, 13, None)])
    points = ("é Ann ran", [(2, 5, None)])
    with pytest.raises(ValueError, match=r"GP129.*offsets=code-points\|utf-16\|bytes"):
        choose(RULE, tmp_path, bytes_, points)


@pytest.mark.filterwarnings("error")
def test_partial_words_are_read_as_they_are_if_nothing_else_fits(tmp_path):
    texts = [("Annabel", [(0, 3, None)]), ("Annabel", [(0, 4, None)])]
    texts.append(("Ann ran", [(0, 3, None)]))
    assert choose(RULE, tmp_path, *texts) == RULE.readings()[0]


def test_another_reading_gives_a_warning_unless_copies_support_it(tmp_path, recwarn):
    text = "👍 Ann ran"
    assert choose(RULE, tmp_path, (text, [(3, 6, "Ann")])).unit == "utf-16"
    assert not recwarn
    with pytest.warns(UserWarning, match="GPW115.*as utf-16, because 1 span fits"):
        choose(RULE, tmp_path, (text, [(3, 6, None)]))


def test_named_reading_is_used_without_a_check(tmp_path):
    spans = offsets(TEXT, NAMES, "utf-16", "exclusive")
    reading = choose(RULE, tmp_path, (TEXT, spans), unit="code-points", end="exclusive")
    assert reading == ("code-points", "exclusive")


@pytest.mark.parametrize("option", ["unit", "end"])
def test_unknown_values_of_options_are_an_error(option):
    with pytest.raises(ValueError, match="GP167.*'x'.*one of: auto, "):
        RULE.readings(**{option: "x"})


def test_spans_are_made_by_the_reading():
    places = Places("👍 Ann", Reading("utf-16", "inclusive"))
    assert places.read("PER", 3, 5, SOURCE) == TextSpan("PER", 2, 5, SOURCE)
    assert places.read("PER", 1, 5, SOURCE) is Reason.OUT_OF_TEXT
    assert places.read("PER", "3", 5, SOURCE) is Reason.BAD_LINE
    assert places.read("PER", 3, 5, SOURCE, copy="Bob") is Reason.TEXT_MISMATCH


WORDS = st.lists(
    st.sampled_from(["Ann", "é", "👍", "北京", "e\u0301"]), min_size=1, unique=True
)


@given(WORDS, st.data(), st.sampled_from(UNITS), st.sampled_from(ENDS))
@pytest.mark.filterwarnings("ignore:.*GPW115")
def test_spans_with_copies_are_found_in_any_reading(
    tmp_path_factory, words, data, u, e
):
    """Of any text of words, at any of them."""
    text = " ".join(words)
    i = data.draw(st.integers(0, len(words) - 1))
    before = " ".join(words[:i]) + (" " if i else "")
    start = length(before, u)
    end = start + length(words[i], u) - (e == "inclusive")
    folder = tmp_path_factory.getbasetemp()
    marked = (text, [(start, end, words[i])])
    rule = Rule("x", UNITS, ENDS, copies_only=True)
    place = Places(text, choose(rule, folder, marked)).find(start, end)
    assert place is not None and text[slice(*place)] == words[i]
