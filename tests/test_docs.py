"""The pages of docs/: their code runs, their commands and links lead somewhere."""

from __future__ import annotations

import inspect
import json
import re
import shlex
import sys
from types import SimpleNamespace

import pytest
import spacy
import typer
from doc_pages import PAGES, ROOT, blocks, headings
from spacy.cli._util import app
from spacy.training import Example
from thinc.api import Config

import spacy_globalpointer.cli.app  # noqa: F401 (adds the commands)
from spacy_globalpointer.corpus.formats.format import options_of
from spacy_globalpointer.corpus.formats.registry import FORMATS, read_documents
from spacy_globalpointer.corpus.splits import parse_splits
from spacy_globalpointer.recipes.make import make_config

DOCS = ROOT / "docs"
CONFIGURATION = DOCS / "configuration.md"
LONG_DOCUMENTS = DOCS / "long-documents.md"
FORMATS_DOC = (DOCS / "formats.md").read_text(encoding="utf-8")
LINKED = sorted({*PAGES, *ROOT.glob("[A-Z]*.md"), ROOT / "benchmarks/README.md"})
COMMANDS = typer.main.get_command(app).commands
FOLDERS = ("encoders/minilm", "bert-base-chinese")
NER = """[components.ner.model]
@architectures = "spacy.TransitionBasedParser.v2"
state_type = "ner"
extra_state_tokens = false
hidden_width = 64
maxout_pieces = 2
use_upper = false

"""


def of_all_pages(language):
    """The blocks of all pages but README, each with its page and number for pytest."""
    return [
        pytest.param(block, id=f"{page.stem}-{i}")
        for page in PAGES[1:]
        for i, block in enumerate(blocks(language, page))
    ]


def find_block(page, language, text):
    [block] = [block for block in blocks(language, page) if text in block]
    return block


@pytest.mark.parametrize("code", of_all_pages("python"))
def test_python_examples_of_the_docs_run(
    code, bert_folder, trained, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    for folder in re.findall(r'spacy\.load\("(.+?)"\)', code):
        (tmp_path / folder).parent.mkdir(parents=True)
        trained.to_disk(folder)
    for name in FOLDERS:
        code = code.replace(name, str(bert_folder))
    scope: dict = {}
    exec(code, scope)
    assert "global_pointer" in scope["nlp"].pipe_names
    assert scope["nlp"].get_pipe("global_pointer").labels


def pasted(config, block):
    """A config with a block's sections instead of its own: those of the same name,
    those inside a section that names a function, and the empty settings that a section
    stands for."""
    names = re.findall(r"^\[(.*)\]$", block, flags=re.MULTILINE)
    functions = re.findall(r"^\[(.*)\]\n(?:#.*\n)*@", block, flags=re.MULTILINE)
    replaced = tuple(f"{name}." for name in functions)
    kept, section = [], ""
    for line in config.splitlines():
        section = line.strip("[]") if line.startswith("[") else section
        place = f"{section}.{line.partition(' = ')[0]}"
        is_replaced = section in names or section.startswith(replaced)
        if not is_replaced and not (place in names and re.search("= ({}|null)", line)):
            kept.append(line)
    return "\n".join([*kept, block])


@pytest.mark.parametrize("block", of_all_pages("ini"))
def test_config_blocks_fit_into_the_default_config(block, monkeypatch):
    functions = dict.fromkeys(("init", "log", "join", "Artifact"), print)
    monkeypatch.setitem(sys.modules, "wandb", SimpleNamespace(**functions))
    if "[components.ner" in block:
        block = '[components.ner]\nfactory = "ner"\n\n' + NER + block
    text = pasted(make_config("default"), block)
    config = Config().from_str(text, interpolate=False)
    config["paths"].update(train="train.spacy", dev="dev.spacy")
    resolved = config.interpolate()
    nlp = spacy.util.load_model_from_config(resolved, auto_fill=True)
    spacy.registry.resolve({"corpora": nlp.config.interpolate()["corpora"]})
    spacy.registry.resolve({"training": nlp.config.interpolate()["training"]})


def commands():
    """The words of each spacy command in a block or in the text of a page."""
    lines = []
    for page in PAGES:
        shell = "\n".join(blocks("bash", page)).replace("\\\n", " ")
        inline = re.findall(r"`(spacy [^`]*)`", page.read_text(encoding="utf-8"))
        for line in [
            *re.split(r"\n|&&", shell),
            *(" ".join(x.split()) for x in inline),
        ]:
            words = shlex.split(line.strip().removeprefix("python -m "), comments=True)
            if words[:1] == ["spacy"]:
                lines.append(pytest.param(words[1:], id=f"{page.stem}-{len(lines)}"))
    return lines


@pytest.mark.parametrize("words", commands())
def test_commands_exist_with_their_options(words):
    command, words = COMMANDS[words[0]], words[1:]
    while words and hasattr(command, "commands"):
        command = command.commands[words.pop(0)]
    known = {
        option
        for parameter in command.params
        for option in (*parameter.opts, *parameter.secondary_opts)
    }
    given = {word for word in words if word.startswith("--") and "." not in word}
    assert given <= known


def test_variables_of_project_commands_exist():
    project = (ROOT / "project.yml").read_text(encoding="utf-8")
    known = set(re.findall(r"\$\{vars\.(\w+)\}", project))
    for page in PAGES:
        given = re.findall(r"--vars\.(\w+)", page.read_text(encoding="utf-8"))
        assert set(given) <= known, page


@pytest.mark.parametrize("page", LINKED, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_to_existing_targets(page):
    for link in re.findall(r"\]\((?!https?:)([^)]+)\)", page.read_text("utf-8")):
        path, _, heading = link.partition("#")
        target = page.parent / path if path else page
        assert target.exists(), link
        assert not heading or heading in headings(target), link


def test_component_block_has_every_setting_with_its_default():
    text = find_block(CONFIGURATION, "ini", "annotate_ents")
    text = "[components]\n" + text.replace("[components]", "")
    written = Config().from_str(text)["components"]["global_pointer"]
    factory = written.pop("factory")
    meta = spacy.blank("en").get_factory_meta(factory)
    assert written == meta.default_config


def test_memory_block_has_every_setting_with_its_default():
    text = find_block(CONFIGURATION, "ini", "value_learn_rate_scale")
    text = "[components]\n\n[components.global_pointer]\n\n" + text.replace(
        "[components.global_pointer.model.tok2vec]",
        "[components.global_pointer.model]\n\n"
        "[components.global_pointer.model.tok2vec]",
    )
    written = Config().from_str(text)["components"]["global_pointer"]["model"]
    written = written["tok2vec"]
    function = spacy.registry.architectures.get(written.pop("@architectures"))
    defaults = dict(inspect.signature(function).parameters)
    assert written.pop("tok2vec") and defaults.pop("tok2vec")
    assert written == {name: x.default for name, x in defaults.items()}


def test_reader_block_has_every_setting():
    text = find_block(CONFIGURATION, "ini", "ChunkedCorpus")
    text = "[paths]\ntrain = null\n\n[corpora]\n" + text
    written = Config().from_str(text)["corpora"]["train"]
    filled = spacy.registry.fill({"train": {**written, "path": "x"}})["train"]
    assert filled == {**written, "path": "x"}


def test_transformer_block_has_every_setting_with_its_default():
    text = find_block(LONG_DOCUMENTS, "ini", "max_batch_items")
    rule = find_block(LONG_DOCUMENTS, "ini", "spans_key = null")
    text = "[components]\n\n" + text.replace("global_attention = null\n", "")
    config = Config().from_str(text + "\n" + rule)
    written = config["components"]["transformer"]["model"]
    architecture = written.pop("@architectures")
    rule = written.pop("global_attention")
    function = spacy.registry.architectures.get(architecture)
    defaults = inspect.signature(function).parameters
    assert {**written, "global_attention": None} == {
        **{name: parameter.default for name, parameter in defaults.items()},
        "name": "roberta-base",
    }
    function = spacy.registry.misc.get(rule.pop("@misc"))
    defaults = inspect.signature(function).parameters
    assert rule == {name: parameter.default for name, parameter in defaults.items()}


def test_a_component_trains_with_an_encoder_of_its_own(bert_folder):
    text = find_block(LONG_DOCUMENTS, "ini", "Tok2VecTransformer")
    config = Config().from_str("[components]\n\n[components.ner]\n\n" + NER + text)
    config["components"]["ner"]["model"]["tok2vec"]["name"] = str(bert_folder)
    nlp = spacy.blank("en")
    nlp.add_pipe("ner", config={"model": config["components"]["ner"]["model"]})
    text, entities = "Mary of Leith", {"entities": [(0, 4, "PERSON")]}
    example = Example.from_dict(nlp.make_doc(text), entities)
    nlp.update([example], sgd=nlp.initialize(lambda: [example]))


REGISTRIES = ["architectures", "loggers", "losses", "misc", "readers", "schedules"]
REGISTRIES += ["scorers"]


@pytest.mark.parametrize("registry", REGISTRIES)
def test_every_registered_name_is_listed(registry):
    names = getattr(spacy.registry, registry).get_entry_points()
    ours = [name for name in names if name.startswith("spacy-globalpointer.")]
    page = CONFIGURATION.read_text(encoding="utf-8")
    assert ours
    assert [name for name in ours if f"`{name}`" not in page] == []


def test_every_command_is_listed():
    page = CONFIGURATION.read_text(encoding="utf-8")
    [row] = re.findall(r"^\| commands \|.*$", page, flags=re.MULTILINE)
    for name in COMMANDS["global-pointer"].commands:
        assert f"{name}`" in row


def test_splits_file_is_read(tmp_path):
    [sample] = blocks("json", DOCS / "data.md")
    (tmp_path / "splits.json").write_text(sample, encoding="utf-8")
    rules = parse_splits(tmp_path / "splits.json")
    assert rules.fractions == {"train": 0.9, "dev": 0.1}
    assert rules.listed == {"test": json.loads(sample)["test"]}


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


def test_sample_of_our_own_format_is_read(tmp_path):
    [sample] = blocks("json", DOCS / "formats.md")
    (tmp_path / "a.jsonl").write_text(sample, encoding="utf-8")
    [(document, rejects)] = read_documents(FORMATS["jsonl"], tmp_path / "a.jsonl")
    [span] = document.spans
    assert document.text[span.start : span.end] == "Bank of Leith" and not rejects
