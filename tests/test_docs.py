"""docs/formats.md, and the commands and links in README and docs, say what there is."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import pytest
import typer
from spacy.cli._util import app

import spacy_globalpointer.cli.app  # noqa: F401 (adds the commands)
from spacy_globalpointer.corpus.formats.format import options_of
from spacy_globalpointer.corpus.formats.registry import FORMATS, read_documents

ROOT = Path(__file__).parent.parent
FORMATS_DOC = (ROOT / "docs/formats.md").read_text(encoding="utf-8")
TRAINING_DOC = (ROOT / "docs/training.md").read_text(encoding="utf-8")
README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = [ROOT / "README.md", ROOT / "benchmarks/README.md", *ROOT.glob("docs/*.md")]
COMMANDS = typer.main.get_command(app).commands


def row_of(name):
    [row] = re.findall(rf"^\| `{name}` \|.*$", FORMATS_DOC, flags=re.MULTILINE)
    return row


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_has_a_row_with_its_options(name):
    format, row = FORMATS[name], row_of(name)
    reading, _, writing = row.split("|", 3)[3].replace("\\|", "/").partition("writing:")
    for option in options_of(format.read):
        assert re.search(rf"`{option}[`=]", reading), option
    for option in options_of(format.write) if format.write else ():
        assert re.search(rf"`{option}[`=]", writing), option


def test_rows_are_of_formats_that_exist():
    names = re.findall(r"^\| `([\w-]+)` \|", FORMATS_DOC, flags=re.MULTILINE)
    assert set(names) == set(FORMATS)


def test_sample_of_our_own_format(tmp_path):
    [sample] = re.findall(r"```json\n(.*?)```", FORMATS_DOC, flags=re.DOTALL)
    (tmp_path / "a.jsonl").write_text(sample, encoding="utf-8")
    [(document, rejects)] = read_documents(FORMATS["jsonl"], tmp_path / "a.jsonl")
    [span] = document.spans
    assert document.text[span.start : span.end] == "Bank of Leith" and not rejects


def commands():
    blocks = re.findall(r"```bash\n(.*?)```", README + TRAINING_DOC, flags=re.DOTALL)
    lines = "\n".join(blocks).replace("\\\n", " ").split("\n")
    return [line for line in lines if line.startswith("spacy ")]


@pytest.mark.parametrize("line", commands())
def test_commands_exist_with_their_options(line):
    _, name, *words = shlex.split(line, comments=True)
    command = COMMANDS[name]
    if name == "global-pointer":
        command = command.commands[words.pop(0)]
    known = {option for parameter in command.params for option in parameter.opts}
    given = {word for word in words if word.startswith("--") and "." not in word}
    assert given <= known


def test_every_command_is_in_the_readme():
    [row] = re.findall(r"^\| commands \|.*$", README, flags=re.MULTILINE)
    for name in COMMANDS["global-pointer"].commands:
        assert f"{name}`" in row


def test_splits_of_the_readme_are_read(tmp_path):
    from spacy_globalpointer.corpus.splits import parse_splits

    [sample] = re.findall(r"```json\n(.*?)```", README, flags=re.DOTALL)
    (tmp_path / "splits.json").write_text(sample, encoding="utf-8")
    rules = parse_splits(tmp_path / "splits.json")
    assert rules.fractions == {"train": 0.9, "dev": 0.1}
    assert rules.listed == {"test": json.loads(sample)["test"]}


def headings(path):
    """Names of headings as GitHub makes them for links."""
    text = re.sub(r"^```.*?^```", "", path.read_text("utf-8"), flags=re.M | re.S)
    lines = re.findall(r"^#+ (.*)$", text, flags=re.MULTILINE)
    return [re.sub(r"[^\w -]", "", line.lower()).replace(" ", "-") for line in lines]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page):
    for link in re.findall(r"\]\((?!https?:)([^)]+)\)", page.read_text("utf-8")):
        path, _, heading = link.partition("#")
        target = page.parent / path if path else page
        assert target.exists(), link
        assert not heading or heading in headings(target), link
