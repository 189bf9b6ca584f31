"""What has no end, or unpacks to more than anybody meant, is an error with a code
before it fills the memory."""

from __future__ import annotations

import gzip
import os
import socket
import tracemalloc
import zlib

import pytest
from corpus_helpers import NLP, doc_with, save
from typer.testing import CliRunner

from spacy_globalpointer.cli.app import global_pointer_cli
from spacy_globalpointer.corpus.convert import convert_corpus
from spacy_globalpointer.corpus.docbin import read_docs
from spacy_globalpointer.corpus.formats import files
from spacy_globalpointer.corpus.formats.files import SourceFile, read_bytes
from spacy_globalpointer.corpus.formats.registry import FORMATS, read_documents

MIB = 2**20


def convert(source, folder, **options):
    return convert_corpus(source, folder / "out", nlp=NLP, **options)


@pytest.fixture
def pipe(tmp_path):
    os.mkfifo(tmp_path / "pipe.jsonl")
    return tmp_path / "pipe.jsonl"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="has no pipes")
@pytest.mark.parametrize("name", [None, *FORMATS])
def test_pipe_is_refused(pipe, tmp_path, name):
    with pytest.raises(ValueError, match="GP150.*pipe.jsonl is a pipe"):
        convert(pipe, tmp_path, format=name)
    assert not (tmp_path / "out").exists()


@pytest.mark.skipif(not os.path.exists("/dev/zero"), reason="has no such device")
@pytest.mark.parametrize("name", [None, "jsonl", "spacy"])
def test_device_is_refused_by_any_name(tmp_path, name):
    link = tmp_path / "a.jsonl"
    link.symlink_to("/dev/zero")
    for path in ("/dev/zero", link):
        with pytest.raises(ValueError, match="GP150.*a device"):
            convert(path, tmp_path, format=name)


@pytest.mark.skipif(not hasattr(socket, "AF_UNIX"), reason="has no such sockets")
def test_socket_is_refused(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # their paths must be short
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("s")
        with pytest.raises(ValueError, match="GP150.*a socket"):
            convert("s", tmp_path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="has no pipes")
def test_other_commands_refuse_a_pipe_of_docs(tmp_path):
    os.mkfifo(tmp_path / "a.spacy")
    with pytest.raises(ValueError, match="GP150"):
        next(read_docs(tmp_path / "a.spacy", NLP.vocab))


def zeros(mib):
    """A .spacy file's worth of zeros, which zlib packs to a thousandth."""
    packer = zlib.compressobj()
    packed = [packer.compress(bytes(MIB)) for _ in range(mib)]
    return b"".join([*packed, packer.flush()])


def peak_of(function):
    """RETURNS (Tuple[ValueError, int]): The error, and bytes that Python took."""
    tracemalloc.start()
    try:
        with pytest.raises(ValueError) as raised:
            function()
        return raised.value, tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_docbin_that_unpacks_to_gigabytes_is_not_unpacked(tmp_path):
    (tmp_path / "a.spacy").write_bytes(zeros(120))
    options = {"max_document_size": 100}
    error, peak = peak_of(lambda: convert(tmp_path / "a.spacy", tmp_path, **options))
    assert "GP151" in str(error) and "100 MiB" in str(error) and peak < 32 * MIB


@pytest.mark.parametrize(
    "name,unit",
    [
        *(
            ("a.jsonl.gz", b'{"text": "%s"}\n' % (b"a" * 999)),
            ("a.conll.gz", b"a\tB-X\n"),
        ),
        *(("a.txt.gz", b"a|||"), ("a.json.gz", b"[[[["), ("a.spacy.gz", b"\0")),
    ],
)
def test_packed_file_that_unpacks_to_gigabytes_is_not_read_on(
    tmp_path, monkeypatch, name, unit
):
    with gzip.open(tmp_path / name, "wb") as stream:
        for _ in range(40):
            stream.write(unit * (MIB // len(unit)))
    file = SourceFile(tmp_path / name, name)
    error, peak = peak_of(lambda: read_bytes(file))
    assert "GP152" in str(error) and name in str(error) and peak < 16 * MIB
    found = {"jsonl": "jsonl", "conll": "conll", "txt": "chip", "json": "cmeee"}
    format = FORMATS[found.get(name.split(".")[1], "spacy")]
    monkeypatch.setattr(files, "_FREE", MIB // 4)
    with pytest.raises(ValueError, match="GP152|GP164"):
        list(read_documents(format, tmp_path / name))


def test_text_that_packs_well_is_read(tmp_path):
    line = b'{"text": "The Bank of Leith paid Mary.", "spans": []}\n'
    lines = b"".join(line.replace(b"The", b"%d" % i) for i in range(100_000))
    (tmp_path / "a.gz").write_bytes(gzip.compress(lines))
    assert read_bytes(SourceFile(tmp_path / "a.gz", "a.gz")) == lines


LARGE = "ab " * (MIB // 2)  # 1.5 MiB
WORD = "a" * 100


@pytest.mark.parametrize(
    "format,name,content",
    [
        ("brat", "a.txt", LARGE),
        ("conll", "a.conll", f"{WORD}\tB-X\n" * 15_000),
        ("conll", "a.conll", f"# {WORD}\n" * 15_000 + "a\tB-X\n"),
        ("conll", "a.conll", f"{WORD}\tB-X\n\n" * 15_000),
        ("jsonl", "a.jsonl", f'{{"text": "{LARGE}"}}'),
        ("cmeee", "a.json", f'[{{"text": "{LARGE}", "entities": []}}]'),
        ("chip", "a.txt", f"{LARGE}|||\n"),
    ],
)
def test_document_over_the_limit_is_an_error(tmp_path, format, name, content):
    (tmp_path / name).write_text(content)
    (tmp_path / "a.ann").write_text("")
    with pytest.raises(ValueError, match=rf"GP(151|160|164).*{name}.* 1 MiB"):
        convert(tmp_path / name, tmp_path, format=format, max_document_size=1)


def test_limit_applies_to_documents_and_not_to_the_corpus(tmp_path):
    rows = "-DOCSTART-\tO\n\n" + f"{WORD}\tB-X\n\n" * 5000
    (tmp_path / "a.conll").write_text(rows * 3)
    options = {"format": "conll", "max_document_size": 1}
    summary = convert(tmp_path / "a.conll", tmp_path, **options)
    assert summary.splits["all"].statistics.documents == 3


def test_docbin_over_the_limit_is_an_error(tmp_path):
    words = [f"{i}{WORD}" for i in range(9999)]
    path = save(tmp_path / "a.spacy", [doc_with(words[:5000]), doc_with(words[5000:])])
    with pytest.raises(ValueError, match="GP151.*a.spacy.*1 MiB.*--max-document-size"):
        convert(path, tmp_path, max_document_size=1)
    convert(path, tmp_path, max_document_size=0)


def test_command_has_an_option_for_the_limit(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_text('{"text": "Ann"}\n')
    args = ["convert", str(path), str(tmp_path / "out"), "--max-document-size"]
    result = CliRunner().invoke(global_pointer_cli, [*args, "-1"])
    assert result.exit_code == 1 and "GP117" in result.output
    result = CliRunner().invoke(global_pointer_cli, [*args, "2", "--allow-loss"])
    assert result.exit_code == 0, result.output
