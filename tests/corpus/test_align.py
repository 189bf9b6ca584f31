"""Character spans to tokens."""

from __future__ import annotations

import pytest
from corpus_helpers import NLP, char_spans, places, trim
from hypothesis import given
from hypothesis import strategies as st
from spacy.tokens import Doc

from spacy_globalpointer.corpus.align import (
    ON_MISALIGNED,
    Aligner,
    align_text,
    make_doc,
)
from spacy_globalpointer.corpus.annotations import (
    AnnotatedText,
    Reason,
    Source,
    TextSpan,
)
from spacy_globalpointer.types import LOST_GOLD

TEXT = "Mary visited the Leith-based  Bank."


def annotate(text, spans):
    listed = [
        TextSpan(label, start, end, Source("doc.ann", line))
        for line, (start, end, label) in enumerate(spans, 1)
    ]
    return AnnotatedText("doc", text, listed, n_read=len(listed))


def test_nested_spans_of_any_label_are_kept():
    spans = [(0, 4, "PER"), (13, 34, "ORG"), (17, 22, "GPE"), (0, 4, "ORG")]
    doc, rejects = make_doc(NLP, annotate(TEXT, spans))
    assert char_spans(doc) == [(label, start, end) for start, end, label in spans]
    assert rejects == []
    assert LOST_GOLD not in doc.user_data
    assert doc.user_data["title"] == "doc"


def test_key_exists_without_spans():
    doc, rejects = make_doc(NLP, annotate(TEXT, []), spans_key="mine")
    assert (list(doc.spans), list(doc.spans["mine"]), rejects) == (["mine"], [], [])


@pytest.mark.parametrize("text", ["", "   ", "\n\n", "Leith"])
def test_short_texts_are_aligned(text):
    doc, rejects = make_doc(NLP, annotate(text, [(0, 5, "GPE")]))
    kept = [("GPE", 0, 5)] if text == "Leith" else []
    assert (doc.text, char_spans(doc)) == (text, kept)
    assert len(kept) + len(rejects) == 1


def test_misaligned_gold_is_kept_as_lost():
    spans = [(0, 3, "PER"), (5, 12, "ACT"), (0, 3, "PER")]
    doc, rejects = make_doc(NLP, annotate(TEXT, spans))
    assert char_spans(doc) == [("ACT", 5, 12)]
    assert doc.user_data[LOST_GOLD] == [[0, 3, "PER"]]
    fates = [(reject.line, reject.reason) for reject in rejects]
    assert fates == [(1, Reason.MISALIGNED), (3, Reason.DUPLICATE)]
    assert rejects[0].value == "PER 0 3 'Mar'"


@pytest.mark.parametrize(
    "mode,start,end,expected",
    [
        ("expand", 1, 3, (0, 4)),
        ("expand", 3, 7, (0, 12)),
        ("expand", 13, 23, (13, 23)),
        ("expand", 28, 31, (30, 34)),  # white space before it is no part of it
        ("contract", 1, 3, None),
        ("contract", 1, 12, (5, 12)),
        ("contract", 4, 13, (5, 12)),
        ("contract", 3, 5, None),
    ],
)
def test_expand_and_contract_move_spans_to_tokens(mode, start, end, expected):
    annotated = annotate(TEXT, [(start, end, "X")])
    doc, rejects = make_doc(NLP, annotated, on_misaligned=mode)
    if expected is None:
        assert [reject.reason for reject in rejects] == [Reason.MISALIGNED]
        assert doc.user_data[LOST_GOLD] == [[*trim(TEXT, start, end), "X"]]
    else:
        assert char_spans(doc) == [("X", *expected)]
        assert LOST_GOLD not in doc.user_data


def test_spans_that_become_equal_are_rejected_as_merged():
    annotated = annotate(TEXT, [(0, 3, "PER"), (1, 4, "PER"), (1, 4, "X")])
    doc, rejects = make_doc(NLP, annotated, on_misaligned="expand")
    assert char_spans(doc) == [("PER", 0, 4), ("X", 0, 4)]
    assert [(r.line, r.reason) for r in rejects] == [(2, Reason.MERGED)]


def test_on_misaligned_error_names_the_line():
    with pytest.raises(ValueError, match=r"GP106.*doc\.ann:2.*'Mar'"):
        spans = annotate(TEXT, [(0, 4, "PER"), (0, 3, "PER")])
        make_doc(NLP, spans, on_misaligned="error")


def test_invalid_option_is_an_error():
    with pytest.raises(ValueError, match="GP105.*'skip'.*reject, expand"):
        make_doc(NLP, annotate(TEXT, []), on_misaligned="skip")


@pytest.mark.parametrize("mode", ["reject", "expand", "contract", "error"])
@pytest.mark.parametrize(
    "start,end,reason",
    [
        (-1, 4, Reason.OUT_OF_TEXT),
        (0, 99, Reason.OUT_OF_TEXT),
        (4, 0, Reason.END_BEFORE_START),
        (4, 4, Reason.EMPTY),
    ],
)
def test_bad_offsets_are_rejected_in_all_modes(mode, start, end, reason):
    annotated = annotate(TEXT, [(start, end, "X")])
    doc, rejects = make_doc(NLP, annotated, on_misaligned=mode)
    assert [reject.reason for reject in rejects] == [reason]
    assert char_spans(doc) == [] and LOST_GOLD not in doc.user_data


def test_tokens_are_split_where_spans_begin_and_end():
    spans = [(17, 22, "GPE"), (19, 25, "X"), (1, 3, "Y"), (1, 3, "Y")]
    doc, rejects = make_doc(NLP, annotate(TEXT, spans), on_misaligned="split-token")
    assert doc.text == TEXT
    assert char_spans(doc) == [("GPE", 17, 22), ("X", 19, 25), ("Y", 1, 3)]
    assert [token.text for token in doc][:3] == ["M", "ar", "y"]
    assert [r.reason for r in rejects] == [Reason.DUPLICATE]


@given(text=st.text("ab.-' \n", max_size=25), data=st.data())
def test_split_tokens_fit_all_spans(text, data):
    found = data.draw(places(len(text)))
    spans = [(start, end, "X") for start, end in found]
    doc, rejects = make_doc(NLP, annotate(text, spans), on_misaligned="split-token")
    assert doc.text == text
    assert not any(reject.reason is Reason.MISALIGNED for reject in rejects)
    kept = {(start, end) for _, start, end in char_spans(doc)}
    trimmed = {trim(text, *place) for place in found}
    assert kept == {(start, end) for start, end in trimmed if start < end}


#: What str.isspace calls white space, but spaces and line ends.
SPACES = "\t\x0b\x0c\x1c\x85\u00a0\u1680\u2003\u2028\u2029\u202f\u205f\u3000"


@pytest.mark.parametrize("mode", ON_MISALIGNED)
@pytest.mark.parametrize("space", [" ", "  ", "\n", "\r\n", " \n\t", *SPACES])
def test_white_space_at_the_ends_is_trimmed(space, mode):
    text = f"The{space}Bank{space}of Leith"
    start, end = 3, 7 + 2 * len(space)
    spans = [(start, end, "A"), (start, end - len(space), "B"), (0, 3, "C")]
    doc, rejects, trimmed, adjusted = align_text(
        NLP, annotate(text, spans), on_misaligned=mode
    )
    inner = start + len(space), end - len(space)
    assert char_spans(doc) == [("A", *inner), ("B", *inner), ("C", 0, 3)]
    assert (rejects, trimmed, adjusted) == ([], 2, 0)
    assert LOST_GOLD not in doc.user_data


@pytest.mark.parametrize("mode", ON_MISALIGNED)
@pytest.mark.parametrize("space", [" ", "\n\n", "\u00a0\u3000"])
def test_span_of_white_space_alone_is_a_reject_with_a_reason(space, mode):
    text = f"The{space}Bank"
    annotated = annotate(text, [(3, 3 + len(space), "A"), (3, 3 + len(space), "A")])
    doc, rejects = make_doc(NLP, annotated, on_misaligned=mode)
    reasons = [reject.reason for reject in rejects]
    assert reasons == [Reason.WHITE_SPACE, Reason.WHITE_SPACE]
    assert rejects[0].value == f"A 3 {3 + len(space)} {space!r}"
    assert char_spans(doc) == [] and LOST_GOLD not in doc.user_data


@pytest.mark.parametrize("space", "\u200b\u200c\u2060\ufeff")
def test_zero_width_characters_are_not_white_space(space):
    # They are in a token, which a span without them would not fit.
    text = f"The {space}Bank{space} of"
    doc, rejects, trimmed, _ = align_text(NLP, annotate(text, [(4, 10, "ORG")]))
    assert (char_spans(doc), rejects, trimmed) == ([("ORG", 4, 10)], [], 0)


def test_spans_that_differ_in_white_space_are_duplicates():
    annotated = annotate("The Bank of", [(4, 9, "A"), (4, 8, "A"), (3, 8, "A")])
    doc, rejects, trimmed, _ = align_text(NLP, annotated)
    assert (char_spans(doc), trimmed) == ([("A", 4, 8)], 1)
    assert [reject.reason for reject in rejects] == [Reason.DUPLICATE] * 2


def test_trimmed_span_may_still_be_misaligned():
    annotated = annotate(TEXT, [(4, 8, "A"), (4, 13, "B")])
    doc, rejects, trimmed, _ = align_text(NLP, annotated)
    assert (char_spans(doc), trimmed) == ([("B", 5, 12)], 1)
    assert doc.user_data[LOST_GOLD] == [[5, 8, "A"]]
    assert [(r.reason, r.value) for r in rejects] == [
        (Reason.MISALIGNED, "A 4 8 ' vis'")
    ]
    doc, rejects, trimmed, adjusted = align_text(NLP, annotated, on_misaligned="expand")
    assert (char_spans(doc)[0], trimmed, adjusted) == (("A", 5, 12), 2, 1)


def test_reject_shows_the_beginning_of_a_long_span():
    _, [reject] = make_doc(NLP, annotate("ab " * 1000, [(1, 2999, "A")]))
    assert len(reject.value) < 1100 and reject.value.endswith("…'")


def test_source_tokens_are_kept_where_they_differ():
    annotated = annotate("can't plain\nnext", [])
    annotated.tokens = [(0, 5), (6, 11), (12, 16)]
    doc, _ = make_doc(NLP, annotated)
    assert doc.user_data["tokens"] == [[0, 5], [6, 11], [12, 16]]
    annotated = annotate("plain words\nnext", [])
    annotated.tokens = [(0, 5), (6, 11), (12, 16)]
    assert "tokens" not in make_doc(NLP, annotated)[0].user_data


def test_tokenizer_that_changes_the_text_is_an_error(monkeypatch):
    def split(text):
        return Doc(NLP.vocab, words=text.split())

    monkeypatch.setattr(NLP, "make_doc", split)
    with pytest.raises(ValueError, match="GP107.*'doc'"):
        make_doc(NLP, annotate("two  spaces", []))


def test_text_over_the_limit_names_the_document(monkeypatch):
    monkeypatch.setattr(NLP, "max_length", 10)
    with pytest.raises(ValueError, match="GP108.*'doc'.*35.*10"):
        make_doc(NLP, annotate(TEXT, []))


@given(text=st.text("ab.-' \n", min_size=1, max_size=25), data=st.data())
def test_modes_agree_with_spacy(text, data):
    doc = NLP.make_doc(text)
    aligner = Aligner(doc, text)
    for start, end in data.draw(places(len(text))):
        exact = doc.char_span(start, end)
        assert aligner.exact(start, end) == _tokens(exact)
        covered = [t.i for t in doc if start <= t.idx and t.idx + len(t) <= end]
        touched = [t.i for t in doc if t.idx < end and start < t.idx + len(t)]
        assert aligner.contract(start, end) == _ends(covered)
        assert aligner.expand(start, end) == _ends(touched)


def _tokens(span):
    return None if span is None else (span.start, span.end)


def _ends(tokens):
    return (tokens[0], tokens[-1] + 1) if tokens else None
