"""`spacy global-pointer convert`."""

from __future__ import annotations

import pytest
import srsly
from corpus_helpers import TEXT, char_spans, load, read_jsonl, span_line, write_brat
from typer.testing import CliRunner

from spacy_globalpointer.cli.app import global_pointer_cli


def convert(*args):
    return CliRunner().invoke(global_pointer_cli, ["convert", *map(str, args)])


@pytest.fixture
def corpus(tmp_path):
    lines = [span_line(TEXT, 0, 17), "R1\tx Arg1:T1 Arg2:T1", span_line(TEXT, 0, 17)]
    documents = {"a": (TEXT, lines), "b": (TEXT, [span_line(TEXT, 23, 27, "PER")])}
    return write_brat(tmp_path / "brat", documents)


@pytest.fixture
def lossy(corpus):
    write_brat(corpus, {"c": (TEXT, [span_line(TEXT, 0, 2), "junk"])})
    return corpus


def test_conversion_without_loss_gives_status_0(corpus, tmp_path):
    result = convert(corpus, tmp_path / "out")
    assert result.exit_code == 0, result.output
    assert len(load(tmp_path / "out" / "all.spacy")) == 2
    rows = {tuple(line.split()) for line in result.output.splitlines()}
    expected = [
        ("Conversion", "all"),
        ("Annotations", "read", "4"),
        ("Spans", "kept", "2"),
        ("Rejected:", "not_a_span", "1"),
        ("Rejected:", "duplicate", "1"),
        ("Annotations", "lost", "0"),
        ("Spans:", "ORG", "1"),
    ]
    assert rows.issuperset(expected)


def test_loss_gives_status_1_and_the_files_are_written(lossy, tmp_path):
    result = convert(lossy, tmp_path / "out")
    assert result.exit_code == 1
    assert "2 annotations lost" in result.output
    assert "--allow-loss" in result.output
    assert len(load(tmp_path / "out" / "all.spacy")) == 3
    reasons = [r["reason"] for r in read_jsonl(tmp_path / "out" / "rejects.jsonl")]
    assert sorted(reasons) == ["bad_line", "duplicate", "misaligned", "not_a_span"]


def test_allowed_loss_gives_status_0(lossy, tmp_path):
    result = convert(lossy, tmp_path / "out", "--allow-loss")
    assert result.exit_code == 0
    assert "2 annotations lost" in result.output


def test_all_options_take_effect(tmp_path):
    text = "Ärger in Köln."
    line = span_line(text, 9, 12, "GPE")
    corpus = tmp_path / "brat"
    write_brat(corpus, {"a": (text.encode("latin-1"), []), "b": ("", [])})
    (corpus / "a.ann").write_bytes(line.encode("latin-1"))
    srsly.write_json(tmp_path / "splits.json", {"train": ["a"], "dev": ["b"]})
    options = ["--lang", "de", "--splits", tmp_path / "splits.json"]
    options += ["--spans-key", "mine", "--on-misaligned", "expand"]
    options += ["--encoding", "latin-1"]
    result = convert(corpus, tmp_path / "out", *options)
    assert result.exit_code == 0, result.output
    (doc,) = load(tmp_path / "out" / "train.spacy")
    assert char_spans(doc, "mine") == [("GPE", 9, 13)]


def test_fractions_and_seed_take_effect(corpus, tmp_path):
    found = set()
    for seed in range(8):
        out = tmp_path / f"out{seed}"
        result = convert(corpus, out, "--splits", "0.5,0.5", "--seed", seed)
        assert result.exit_code == 0, result.output
        (doc,) = load(out / "train.spacy")
        found.add(doc.user_data["title"])
    assert found == {"a", "b"}


@pytest.mark.parametrize(
    "options,message",
    [
        (["--splits", "none.json"], "GP143"),
        (["--encoding", "klingon"], "GP104"),
        (["--encoding", "ascii"], "GP103"),
        (["--lang", "qqq"], "E048"),
        (["--on-misaligned", "error"], "GP106"),
    ],
)
def test_errors_are_printed_without_traceback(lossy, tmp_path, options, message):
    write_brat(lossy, {"d": ("é", [])})
    result = convert(lossy, tmp_path / "out", *options)
    assert result.exit_code == 1
    assert message in result.output
    assert isinstance(result.exception, SystemExit)
    assert not (tmp_path / "out").exists()


def test_annotators_are_chosen(tmp_path):
    tasks = [
        {"text": TEXT, "spans": [span], "_input_hash": 1, "_session_id": name}
        for name, span in (
            ("ann", {"start": 0, "end": 17, "label": "ORG"}),
            ("bob", {"start": 23, "end": 27, "label": "PER"}),
        )
    ]
    srsly.write_jsonl(tmp_path / "in.jsonl", tasks)
    result = convert(tmp_path / "in.jsonl", tmp_path / "out")
    assert result.exit_code == 1 and "GP147" in result.output
    for options, spans in (
        (["--annotator", "ann"], [("ORG", 0, 17)]),
        (["--annotators", "union"], [("ORG", 0, 17), ("PER", 23, 27)]),
        (["--annotators", "agreement", "--allow-loss"], []),
        (["--annotator", "bob", "--annotator", "ann", "--annotators", "union"], None),
    ):
        result = convert(tmp_path / "in.jsonl", tmp_path / "out", *options)
        assert result.exit_code == 0, result.output
        (doc,) = load(tmp_path / "out" / "all.spacy")
        assert spans is None or char_spans(doc) == spans
    result = convert(tmp_path / "in.jsonl", tmp_path / "out", "--annotator", "carl")
    assert result.exit_code == 1 and "GP148" in result.output


def test_command_is_part_of_spacy():
    from spacy.cli._util import app

    result = CliRunner().invoke(app, ["global-pointer", "--help"])
    assert result.exit_code == 0
    assert all(name in result.output for name in ("convert", "debug", "render"))


def test_corpus_without_annotations_is_reported_with_status_1(tmp_path):
    source = tmp_path / "in" / "a.jsonl"
    source.parent.mkdir()
    source.write_text('{"text": "Mary"}\n')
    (tmp_path / "in" / "b.conll").write_text("Mary\tB-PER\n")
    result = convert(source.parent, tmp_path / "out")
    assert result.exit_code == 1
    output = " ".join(result.output.split())  # without the ends of wrapped lines
    assert "No span was converted" in output
    assert "not read" in output and "b.conll" in output
    assert convert(source, tmp_path / "out", "--allow-loss").exit_code == 0


def region(text):
    value = {"start": 0, "end": 4, "text": text[:4], "labels": ["PER"]}
    tags = {"from_name": "label", "to_name": "text", "type": "labels"}
    return {"id": "r", **tags, "value": value}


def task(text, **fields):
    predictions = [{"model_version": "m", "result": [region(text)]}]
    return {"data": {"text": text}, "predictions": predictions, **fields}


CANCELLED = [{"result": [], "was_cancelled": True}]


@pytest.mark.parametrize(
    "fields",
    [
        *({}, {"annotations": []}, {"completions": []}, {"annotations": CANCELLED}),
        {"annotations": [{"result": []}]},
    ],
)
def test_unused_predictions_are_reported(tmp_path, fields):
    source = tmp_path / "a.json"
    source.write_text(srsly.json_dumps([task("Mary sleeps.", **fields)] * 2), "utf-8")
    result = convert(source, tmp_path / "out")
    assert result.exit_code == 1
    told = " ".join(result.output.split())
    assert "[GPW051] 2 documents have no annotation with a span" in told
    assert "No span was converted" in told
    assert told.count("--option predictions=true") == 2
    result = convert(source, tmp_path / "out", "--option", "predictions=true")
    assert result.exit_code == 0 and "GPW051" not in result.output
    assert len(load(tmp_path / "out" / "all.spacy")) == 2


def test_predictions_next_to_annotations_are_not_reported(tmp_path):
    annotations = [{"result": [region("Mary sleeps.")]}]
    tasks = [task("Mary sleeps.", annotations=annotations), task("John sleeps.")]
    source = tmp_path / "a.json"
    source.write_text(srsly.json_dumps(tasks[:1]), "utf-8")
    assert "GPW051" not in convert(source, tmp_path / "out").output
    source.write_text(srsly.json_dumps(tasks), "utf-8")
    result = convert(source, tmp_path / "out")
    assert result.exit_code == 0 and "[GPW051] 1 document has" in result.output
    without = [{**one, "predictions": []} for one in tasks]
    source.write_text(srsly.json_dumps(without), "utf-8")
    assert "GPW051" not in convert(source, tmp_path / "out").output


def test_texts_in_another_language_are_reported(tmp_path):
    span = '{"start": 0, "end": 4, "label": "ORG"}'
    line = f'{{"text": "北京大学第三医院", "spans": [{span}]}}'
    (tmp_path / "a.jsonl").write_text(line, "utf-8")
    found = convert(tmp_path / "a.jsonl", tmp_path / "out").output
    assert "name it with --lang" in " ".join(found.split())
    assert convert(tmp_path / "a.jsonl", tmp_path / "out", "-l", "zh").exit_code == 0


def test_sentence_ends_within_spans_are_counted(tmp_path):
    source = tmp_path / "a.conll"
    source.write_text("the\tB-ORG\nBank\tI-ORG\n\nof\tI-ORG\nLeith\tI-ORG\n")
    found = convert(source, tmp_path / "out")
    assert found.exit_code == 0, found.output
    assert "joined at sentence ends 1" in " ".join(found.output.split())
    assert "1 sentence end within a span" in found.output
    [doc] = load(tmp_path / "out" / "all.spacy")
    assert [span.text for span in doc.spans["sc"]] == ["the Bank\nof Leith"]
    summary = srsly.read_json(tmp_path / "out" / "summary.json")["all"]
    assert summary["joined_at_sentence_ends"] == 1
    assert "cut_at_sentence_ends" not in summary

    found = convert(source, tmp_path / "out", "--option", "documents=sentence")
    assert found.exit_code == 0, found.output
    shown = " ".join(found.output.split())
    assert "cut at sentence ends 1" in shown and "documents=docstart" in shown
    assert len(load(tmp_path / "out" / "all.spacy")) == 2
    summary = srsly.read_json(tmp_path / "out" / "summary.json")["all"]
    assert summary["cut_at_sentence_ends"] == 1


def test_options_of_labels_and_formats_take_effect(tmp_path):
    folder = tmp_path / "in"
    (folder / "more").mkdir(parents=True)
    rows = "Mary\tB-PER\nof\tO\nLeith\tB-GPE\n\nShe\tO\n\n"
    (folder / "a.conll").write_text(rows)
    (folder / "more" / "all.conll").write_text(rows)
    options = ["--exclude", "all.conll", "--option", "documents=sentence"]
    options += ["--rename", "PER=PERSON", "--drop", "GPE", "--format", "conll"]
    result = convert(folder, tmp_path / "out", *options)
    assert result.exit_code == 0, result.output
    one, two = load(tmp_path / "out" / "all.spacy")
    assert (char_spans(one), char_spans(two)) == ([("PERSON", 0, 4)], [])
    [reject] = read_jsonl(tmp_path / "out" / "rejects.jsonl")
    assert (reject["reason"], reject["document"]) == ("dropped_label", "a:1")
    for option in ("PER", "=X"):
        result = convert(folder, tmp_path / "out", "--rename", option)
        assert result.exit_code == 1 and "GP188" in result.output
