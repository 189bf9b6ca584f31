"""The same texts in two files."""

from __future__ import annotations

import pytest
from corpus_helpers import NLP
from hypothesis import given
from hypothesis import strategies as st

from spacy_globalpointer.diagnostics.text_prints import MAX_NAMES, TextPrints

LONG = "the quick brown fox of {} jumps over the lazy dog of the mayor"


def prints(*texts, **settings):
    result = TextPrints(**settings)
    for text in texts:
        title = None
        if isinstance(text, tuple):
            title, text = text
        doc = NLP.make_doc(text)
        if title is not None:
            doc.user_data["title"] = title
        result.add(doc)
    return result


def test_documents_in_both_are_counted_and_named():
    train = prints(("a", "One text."), ("b", "Another text."), "A third.")
    test = prints(("x", "Another text."), ("y", "New."), "A third.", ("z", "No."))
    shared = test.shared_with(train)
    assert shared.documents == 2
    assert shared.names == [("b", "x"), ("document 3", "document 3")]
    assert prints("Other.").shared_with(train).documents == 0


def test_all_copies_in_the_test_file_are_counted():
    train = prints(("a", "One text."), ("b", "Another text."))
    test = prints(("c", "One text."), ("d", "one  text."), ("e", "ONE TEXT."), "New.")
    shared = test.shared_with(train)
    assert shared.documents == 3
    assert shared.names == [("a", "c"), ("a", "d"), ("a", "e")]
    assert train.shared_with(test).documents == 1


def test_documents_that_share_sentences_are_named():
    train = prints(("a", "New."), ("b", f"{LONG.format('leith')}. Old."))
    text = f"First. {LONG.format('leith')}. {LONG.format('leith')}."
    test = prints(("c", f"{LONG.format('york')}."), ("d", text), ("e", text))
    named = test.owners_of_shared_sentences(train)
    assert named == [("b", "d"), ("b", "e")]
    assert prints("No.").owners_of_shared_sentences(train) == []


def test_case_and_white_space_make_no_difference():
    train = prints("The  BANK\nof Leith \n")
    assert prints("the bank of leith").shared_with(train).documents == 1
    assert prints("the bank ofleith").shared_with(train).documents == 0


def test_repeated_documents_of_a_file_are_counted():
    found = prints(("a", "One."), ("b", "Two."), ("c", "one."), ("d", "ONE."))
    assert found.repeated == 2
    assert found.repeated_names == [("a", "c"), ("a", "d")]


def test_only_some_documents_are_named():
    texts = [f"Text {i}." for i in range(2 * MAX_NAMES)]
    found = prints(*texts, *texts)
    assert found.repeated == 2 * MAX_NAMES
    assert len(found.repeated_names) == MAX_NAMES
    shared = prints(*texts).shared_with(found)
    assert shared.documents == 2 * MAX_NAMES and len(shared.names) == MAX_NAMES


def test_documents_without_text_are_not_the_same():
    empty = prints("", " \n")
    assert empty.repeated == 0
    assert empty.shared_with(prints("", " ")) == (0, [], 0, 0)


@pytest.mark.parametrize(
    "between", [". ", "!\n", '." ', "\n\n", "\n \n", ".\n\n", "? ) ", ") . "]
)
def test_sentences_are_cut(between):
    train = prints(f"{LONG.format('leith')}.")
    text = between.join([LONG.format("york"), LONG.format("leith"), "No more."])
    shared = prints(text).shared_with(train)
    assert (shared.documents, shared.sentences) == (0, 1)
    assert shared.n_sentences == 2 and shared.percent == 50


def test_sentences_without_white_space_are_separated():
    sentence = "患者男性因咳嗽三天后入院在北京协和医"  # 18 characters, as 54 letters
    train = prints(f"{sentence}。其他。")
    shared = prints(f"诊断为肺炎。{sentence}！").shared_with(train)
    assert (shared.sentences, shared.n_sentences) == (1, 1)


def test_line_breaks_within_a_sentence_are_ignored():
    train = prints(LONG.format("leith"))
    wrapped = LONG.format("leith").replace(" brown ", "\nbrown ") + " ."
    assert prints(f"New. {wrapped}").shared_with(train).sentences == 1


def test_short_sentences_do_not_count():
    train = prints("Yes. " + "a" * 49 + ". " + "b" * 50 + ".")
    shared = prints("No. " + "a" * 49 + ". " + "b" * 50 + ".").shared_with(train)
    assert (shared.sentences, shared.n_sentences) == (1, 1)
    shared = prints("a" * 49 + ".").shared_with(train)
    assert (shared.n_sentences, shared.percent) == (0, 0)


sentences = st.lists(st.integers(0, 9), max_size=8)


@given(train=st.lists(sentences, max_size=4), test=st.lists(sentences, max_size=4))
def test_sentences_are_those_of_a_plain_search(train, test):
    def text(numbers):
        return " ".join(f"{LONG.format(n)}." for n in numbers)

    shared = prints(*map(text, test)).shared_with(prints(*map(text, train)))
    known = {n for numbers in train for n in numbers}
    own = [n for numbers in test for n in numbers]
    assert shared.n_sentences == len(own)
    assert shared.sentences == sum(n in known for n in own)
    texts = [numbers for numbers in test if numbers]
    assert shared.documents == sum(numbers in train for numbers in texts)
    named = prints(*map(text, test)).owners_of_shared_sentences(
        prints(*map(text, train))
    )
    owners = [n for n, numbers in enumerate(test, start=1) if known & set(numbers)]
    assert [name for _, name in named] == [f"document {n}" for n in owners[:MAX_NAMES]]
