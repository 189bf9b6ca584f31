"""Hostile files: each gives an error with a code that names the file, or an account
that adds up; and nothing half-written."""

from __future__ import annotations

import json
import random

import pytest
from corpus_helpers import NLP, load
from format_samples import SAMPLES, as_text

from spacy_globalpointer.corpus.convert import convert_corpus
from spacy_globalpointer.corpus.formats.registry import FORMATS

OTHER_ENDS = {"brat": ".txt", "spacy": ".spacy"}


def truncated(data, _):
    return data[: len(data) * 3 // 5]


def with_nul(data, _):
    return data[: len(data) // 2] + b"\0" + data[len(data) // 2 :]


def not_utf8(data, _):
    return data[: len(data) // 2] + b"\xff" + data[len(data) // 2 :]


def with_another_number(data, rng):
    """Offsets and ids that are off."""
    digits = [i for i, byte in enumerate(data) if chr(byte).isdigit()]
    for i in digits:
        data = data[:i] + str(rng.randrange(10)).encode() + data[i + 1 :]
    return data


def with_huge_numbers(data, _):
    return data.replace(b"3", b"9" * 400)


def twice(data, _):
    return data + b"\n" + data


def shuffled(data, rng):
    lines = data.split(b"\n")
    words = [word for line in lines for word in line.split(b" ")]
    rng.shuffle(words)
    return b" ".join(words)


def wide(data, _):
    return data.decode().encode("utf-16")


MUTATIONS = [truncated, with_nul, not_utf8, with_another_number, with_huge_numbers]
MUTATIONS += [twice, shuffled, wide]


def convert(source, output, name):
    """RETURNS: The error, or None if there was an account."""
    try:
        summary = convert_corpus(source, output, nlp=NLP, format=name)
    except ValueError as err:
        assert str(err).startswith("[GP") and source.name in str(err), err
        assert not output.exists()
        return err
    split = summary.splits["all"]
    assert split.read == split.kept + sum(split.rejected.values())
    rejects = (output / "rejects.jsonl").read_text("utf-8").splitlines()
    assert len(rejects) == sum(split.rejected.values())
    assert len(load(output / "all.spacy")) == split.statistics.documents
    return None


@pytest.mark.parametrize("mutate", MUTATIONS)
@pytest.mark.parametrize("number", range(len(SAMPLES)))
def test_damaged_file_is_an_error_with_a_code(tmp_path, number, mutate):
    name, file, content = SAMPLES[number]
    data = mutate(as_text(content).encode("utf-8"), random.Random(number))
    (tmp_path / f"the-{file}").write_bytes(data)
    convert(tmp_path / f"the-{file}", tmp_path / "out", name)


@pytest.mark.parametrize("wrong", [name for name in FORMATS if name != "brat"])
@pytest.mark.parametrize("number", range(0, len(SAMPLES), 4))
def test_wrong_format_is_read_or_an_error_with_a_code(tmp_path, number, wrong):
    _, file, content = SAMPLES[number]
    (tmp_path / f"the-{file}").write_text(as_text(content), encoding="utf-8")
    convert(tmp_path / f"the-{file}", tmp_path / "out", wrong)


@pytest.mark.parametrize("name", sorted(set(FORMATS) - {"brat", "spacy", "conll"}))
def test_line_of_a_gigabyte_is_an_error_with_a_code(tmp_path, name):
    path = tmp_path / "the-file.jsonl"
    head = b'[{"text": "' if name in ("cmeee", "label-studio") else b'{"text": "'
    with open(path, "wb") as stream:
        stream.write(head)
        stream.truncate(2**30)  # zeros that take no place
    error = convert(path, tmp_path / "out", name)
    assert error is not None and "the-file.jsonl:1" in str(error)


def test_tags_of_two_schemes_are_counted_rejects_or_spans(tmp_path):
    tags = ["B-X", "I-X", "E-Y", "S-Z", "M-X", "L-X", "I-", "U-Y", "O", "X", "B-X"]
    for turn in range(len(tags)):
        path = tmp_path / f"the-{turn}.conll"
        mixed = tags[turn:] + tags[:turn]
        path.write_text("".join(f"w\t{tag}\n" for tag in mixed), encoding="utf-8")
        convert(path, tmp_path / f"out{turn}", "conll")


def test_repeated_id_is_an_error(tmp_path):
    path = tmp_path / "the-file.jsonl"
    path.write_text((json.dumps({"id": 1, "text": "a"}) + "\n") * 2)
    assert "GP161" in str(convert(path, tmp_path / "out", "jsonl"))
