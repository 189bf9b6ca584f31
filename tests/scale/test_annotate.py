"""Annotation of texts and records with a loaded pipeline."""

from __future__ import annotations

import pytest
import spacy
from helpers import TEXTS, build
from spacy.language import Language

from spacy_globalpointer.scale.annotate import HEAD, annotate, annotate_texts
from spacy_globalpointer.scale.settings import Settings
from spacy_globalpointer.span_score import span_scores


@Language.component("fails_at_bad")
def fails_at_bad(doc):
    if "bad" in doc.text:
        raise KeyError("no such word")
    return doc


def expected(nlp, text):
    doc = nlp(text)
    group = doc.spans["sc"]
    return [
        {"start": s.start_char, "end": s.end_char, "label": s.label_, "probability": p}
        for s, p in zip(group, span_scores(group))
    ]


def without_scores(spans):
    return [(span["start"], span["end"], span["label"]) for span in spans]


def test_texts_get_the_spans_that_the_pipeline_finds(trained):
    records = list(annotate(trained, TEXTS))
    assert [record["id"] for record in records] == [0, 1, 2, 3]
    for text, record in zip(TEXTS, records):
        wanted = expected(trained, text)
        assert without_scores(record["spans"]) == without_scores(wanted)
        scores = [span["probability"] for span in record["spans"]]
        assert scores == pytest.approx([span["probability"] for span in wanted])
        assert record["n_tokens"] == len(trained.make_doc(text))
        assert record["error"] is None
    assert len(records[0]["spans"]) == 4


def test_records_keep_their_ids_and_columns(trained):
    rows = [{"nr": "b7", "text": TEXTS[0], "day": 3}, {"nr": "a", "text": TEXTS[2]}]
    records = list(annotate(trained, rows, id="nr", keep=["day"]))
    assert [(r["nr"], r["day"], len(r["spans"])) for r in records] == [
        *(("b7", 3, 4), ("a", None, 0))
    ]
    assert "text" not in records[0]


def test_head_text_is_the_beginning_of_the_span(trained):
    [record] = annotate(trained, [TEXTS[0]], head_text=True)
    heads = [span["head_text"] for span in record["spans"]]
    assert heads[0] == "The Bank of Leith"
    assert all(len(head) <= HEAD for head in heads)


def test_batches_have_similar_lengths_and_results_keep_the_order(trained, monkeypatch):
    texts = [TEXTS[1] * n for n in (1, 9, 1, 7, 2, 8)]
    batches, pipe = [], trained.pipe

    def spy(docs, **options):
        if "as_tuples" in options:
            batches.append([len(doc) for doc, _ in docs])
        return pipe(docs, **options)

    monkeypatch.setattr(trained, "pipe", spy)
    records = annotate_texts(trained, texts, Settings(batch_tokens=80))
    lengths = [len(trained.make_doc(text)) for text in texts]
    assert [record["n_tokens"] for record in records] == lengths
    flat = [n for batch in batches for n in batch]
    assert flat == sorted(lengths, reverse=True)
    assert all(len(batch) == 1 or sum(batch) <= 80 for batch in batches)
    assert 1 < len(batches) < len(texts)


def test_stream_is_not_read_to_its_end(trained):
    def endless():
        while True:
            yield TEXTS[0]

    records = annotate(trained, endless())
    assert [next(records)["id"] for _ in range(3)] == [0, 1, 2]


def test_text_that_fails_gets_an_error_and_others_their_spans(trained):
    trained.add_pipe("fails_at_bad")
    texts = [TEXTS[0], "a bad one", TEXTS[1], "bad again", TEXTS[0]]
    records = list(annotate(trained, texts))
    assert [len(record["spans"]) for record in records] == [4, 0, 4, 0, 4]
    errors = [record["error"] for record in records]
    assert errors[0] is errors[2] is errors[4] is None
    assert errors[1].startswith("[GP268]") and "KeyError" in errors[1]
    assert records[1]["n_tokens"] is None


def test_texts_that_an_error_handler_drops_get_an_error(trained):
    trained.add_pipe("fails_at_bad", first=True)
    trained.set_error_handler(lambda *_: None)
    records = list(annotate(trained, ["bad", TEXTS[0]]))
    assert records[0]["error"].startswith("[GP268]")
    assert len(records[1]["spans"]) == 4


def test_tokenizer_that_fails_gives_an_error(trained, monkeypatch):
    def fail(text):
        raise OverflowError(text)

    monkeypatch.setattr(trained, "tokenizer", fail)
    [record] = annotate(trained, ["a"])
    assert "[GP268]" in record["error"] and "OverflowError" in record["error"]


@pytest.mark.parametrize("text", [None, 7, "a \ud800", ["a"]])
def test_anything_else_than_a_text_gives_GP266(trained, text):
    rows = [{"text": text}, {"text": TEXTS[0]}]
    bad, good = annotate(trained, rows)
    assert bad["error"].startswith("[GP266]") and good["error"] is None


def test_too_long_text_gives_GP267_and_longer_ones_than_spacys_limit_do_not(trained):
    trained.max_length = 10
    long, short = annotate(trained, ["Leith " * 20, "Leith " * 5], max_chars=100)
    assert long["error"].startswith("[GP267]") and "100" in long["error"]
    assert short["error"] is None and short["n_tokens"] == 5
    assert trained.max_length == 10


def test_missing_text_raises_GP258_and_missing_id_GP260(trained):
    with pytest.raises(ValueError, match="GP258.*'body'"):
        list(annotate(trained, [{"text": "a"}], text="body"))
    with pytest.raises(ValueError, match="GP260.*Document 1"):
        list(annotate(trained, [{"id": 1, "text": "a"}, {"text": "a"}]))


@pytest.mark.parametrize(
    "settings",
    [
        {"max_chars": 0},
        {"batch_tokens": 1.5},
        {"text": ""},
        {"id": "spans"},
        {"keep": ["error"]},
        {"keep": ["a", "a"]},
        {"keep": "day"},
    ],
)
def test_invalid_setting_raises_GP257(settings):
    with pytest.raises(ValueError, match="GP257"):
        Settings(**settings)


def test_key_of_the_spans_is_named_where_no_component_says_it():
    with pytest.raises(ValueError, match="GP270"):
        list(annotate(spacy.blank("en"), ["a"]))
    ruler = spacy.blank("en")
    patterns = [{"label": "PLACE", "pattern": "Leith"}]
    ruler.add_pipe("span_ruler").add_patterns(patterns)
    [record] = annotate(ruler, ["Leith"], spans_key="ruler")
    assert record["spans"] == [
        {"start": 0, "end": 5, "label": "PLACE", "probability": None}
    ]
    [record] = annotate(ruler, ["Leith"], spans_key="none")
    assert "GP268" in record["error"] and "'ruler'" in record["error"]


def test_several_keys_raise_GP270():
    nlp = build()
    nlp.add_pipe("global_pointer", name="second", config={"spans_key": "other"})
    with pytest.raises(ValueError, match=r"GP270.*\['other', 'sc'\]"):
        list(annotate(nlp, ["a"]))


def test_text_after_a_record_with_an_id_is_refused(trained):
    documents = [{"id": 1, "text": "a"}, "b"]
    with pytest.raises(ValueError, match="GP260.*Document 1"):
        list(annotate(trained, documents))
