"""Small trainings that can be interrupted, and the comparison of what they made."""

from __future__ import annotations

import re
import shutil
from contextlib import contextmanager
from pathlib import Path
from typing import Iterator

import spacy
from helpers import GOLD, TEXTS, make_examples
from spacy.tokens import DocBin, Span
from typer.testing import CliRunner

from spacy_globalpointer.cli.app import global_pointer_cli

MODELS = ("model-last", "model-best")
#: Evaluations are after the steps 0, 3, 6 and 9.
BASE = """
[paths]
train = null
dev = null

[nlp]
lang = "en"
pipeline = {pipeline}

[components]
{components}
[corpora]

[corpora.train]
@readers = "spacy-globalpointer.ChunkedCorpus.v1"
path = ${{paths.train}}
chunk_size = 6
{augmenter}
[corpora.dev]
@readers = "spacy.Corpus.v1"
path = ${{paths.dev}}

[training]
seed = 0
gpu_allocator = null
dropout = 0.2
accumulate_gradient = 1
patience = 0
max_epochs = 0
max_steps = 10
eval_frequency = 3
frozen_components = []
annotating_components = []
{before_update}
[training.batcher]
@batchers = "spacy.batch_by_words.v1"
size = 12
tolerance = 0.2
discard_oversize = false

[training.optimizer]
@optimizers = "Adam.v1"
use_averages = false

[training.optimizer.learn_rate]
@schedules = "warmup_linear.v1"
initial_rate = 0.01
warmup_steps = 3
total_steps = 20

[training.logger]
@loggers = "spacy.ConsoleLogger.v1"
"""
DRAWS = {
    "augmenter": '\n[corpora.train.augmenter]\n@augmenters = "tests.noise.v1"\n',
    "before_update": '\n[training.before_update]\n@callbacks = "tests.draw.v1"\n',
}
TOK2VEC = """
[components.tok2vec]
factory = "tok2vec"

[components.tok2vec.model]
@architectures = "spacy.HashEmbedCNN.v2"
width = 32
depth = 1
embed_size = 200
window_size = 1
maxout_pieces = 2
subword_features = true
pretrained_vectors = null
"""
TRANSFORMER = """
[components.transformer]
factory = "transformer"

[components.transformer.model]
@architectures = "spacy-globalpointer.TransformerModel.v1"
name = "{folder}"
window = 32
context = 4
"""
TRANSFORMER_V3 = """
[components.transformer]
factory = "transformer"

[components.transformer.model]
@architectures = "spacy-transformers.TransformerModel.v3"
name = "{folder}"

[components.transformer.model.get_spans]
@span_getters = "spacy-transformers.strided_spans.v1"
window = 16
stride = 12
"""
LISTENER = '@architectures = "spacy.Tok2VecListener.v1"\nwidth = 32\n'
TRANSFORMER_LISTENER = """@architectures = "spacy-transformers.TransformerListener.v1"
grad_factor = 1.0
pooling = {"@layers": "reduce_mean.v1"}
"""
POINTER = """
[components.global_pointer]
factory = "global_pointer"

[components.global_pointer.model]
@architectures = "spacy-globalpointer.GlobalPointer.v1"
head_width = 8

[components.global_pointer.model.tok2vec]
"""
NER = f"""
[components.ner]
factory = "ner"
update_with_oracle_cut_size = 3

[components.ner.model]
@architectures = "spacy.TransitionBasedParser.v2"
state_type = "ner"
extra_state_tokens = false
hidden_width = 16
maxout_pieces = 2
use_upper = true

[components.ner.model.tok2vec]
{LISTENER}"""
SPANCAT = f"""
[components.spancat]
factory = "spancat"
spans_key = "sc"

[components.spancat.model]
@architectures = "spacy.SpanCategorizer.v1"
scorer = {{"@layers": "spacy.LinearLogistic.v1"}}

[components.spancat.model.reducer]
@layers = "spacy.mean_max_reducer.v1"
hidden_size = 16

[components.spancat.model.tok2vec]
{TRANSFORMER_LISTENER}"""
SOURCED = """
[components.ner]
source = "{folder}"
replace_listeners = ["model.tok2vec"]
"""


def make_config(*components: str, draws: bool = False) -> str:
    """Put a config together.

    components (str): Their sections.
    draws (bool): Whether augmenter and before_update draw random numbers; the test
        registers them.
    RETURNS (str): The config.
    """
    text = "".join(components)
    names = re.findall(r"^\[components\.(\w+)\]$", text, re.MULTILINE)
    pipeline = str(names).replace("'", '"')
    blank = dict.fromkeys(DRAWS, "")
    more = DRAWS if draws else blank
    return BASE.format(pipeline=pipeline, components=text, **more)


def pointer_config() -> str:
    """RETURNS (str): A config of tok2vec and global_pointer."""
    return make_config(TOK2VEC, POINTER + LISTENER)


def ner_config(*, draws: bool = False) -> str:
    """RETURNS (str): A config of spaCy's own tok2vec and ner.

    draws (bool): As for `make_config`.
    """
    return make_config(TOK2VEC, NER, draws=draws)


def transformer_config(folder: Path, transformer: str = TRANSFORMER) -> str:
    """RETURNS (str): A config of a transformer and global_pointer.

    folder (Path): The encoder.
    transformer (str): The transformer's sections.
    """
    encoder = transformer.format(folder=folder)
    return make_config(encoder, POINTER + TRANSFORMER_LISTENER)


def write_corpora(folder: Path) -> None:
    """Write train.spacy and dev.spacy, with spans and entities.

    folder (Path): Where.
    """
    nlp = spacy.blank("en")
    for name, n in {"train": 3, "dev": 1}.items():
        examples = make_examples(nlp, texts=TEXTS * n, gold=GOLD * n)
        docs = [example.reference for example in examples]
        for doc in docs:
            doc.ents = [Span(doc, 0, 3, "NAME")] if len(doc) > 8 else []
        DocBin(docs=docs).to_disk(folder / f"{name}.spacy")


class Workplace:
    """A folder with a config and corpora, where trainings are run.

    folder (Path): The folder.
    config (str): The config.
    overrides (object): Options for all trainings.
    """

    command: tuple = ("train",)

    def __init__(self, folder: Path, config: str, *overrides: object) -> None:
        self.folder = folder
        self.config = folder / "config.cfg"
        self.config.write_text(config, encoding="utf-8")
        self.overrides = overrides
        write_corpora(folder)

    def arguments(self, name: str, *options: object) -> list:
        """RETURNS (list): Arguments of the command, with an output folder."""
        train, dev = self.folder / "train.spacy", self.folder / "dev.spacy"
        paths = ("--paths.train", train, "--paths.dev", dev)
        fixed = (self.config, "--output", self.folder / name, *paths)
        return [str(x) for x in (*fixed, *self.overrides, *options)]

    def train(self, name: str, *options: object, code: int = 0) -> str:
        """Run the command, which is `spacy global-pointer train`.

        name (str): Name of the output folder.
        options (object): More arguments.
        code (int): The exit status that it must have.
        RETURNS (str): Its output as one line, colours left out.
        """
        command = [str(x) for x in self.command]
        arguments = [*command, *self.arguments(name, *options)]
        result = CliRunner().invoke(global_pointer_cli, arguments)
        message = f"{result.output}\n{result.exception!r}"
        assert result.exit_code == code, message
        return " ".join(re.sub(r"\x1b\[[0-9;]*m", "", result.output).split())

    @contextmanager
    def copied(self, name: str) -> Iterator[str]:
        """Copy an output folder for a test. YIELDS (str): Name of the copy."""
        copy = self.folder / "copy"
        shutil.copytree(self.folder / name, copy)
        yield copy.name
        shutil.rmtree(copy)

    def log(self, name: str, *options: object) -> list:
        """Run it. RETURNS (list): Step, epoch and words of each evaluation."""
        EVALUATIONS.clear()
        logger = ("--training.logger.@loggers", "tests.keep.v1")
        self.train(name, *options, *logger)
        assert all(x["seconds"] >= 0 for x in EVALUATIONS)
        return [(x["step"], x["epoch"], x["words"]) for x in EVALUATIONS]

    def stop(self, name: str, at: int, *options: object) -> str:
        """Run it, and press Ctrl-C after a step.

        name (str): Name of the output folder.
        at (int): The step, counted from where the run starts.
        options (object): More arguments.
        RETURNS (str): Its output as one line.
        """
        logger = ("--training.logger.@loggers", "tests.stop.v1")
        at_step = ("--training.logger.at", at)
        return self.train(name, *options, *logger, *at_step, code=130)


#: What the logger has seen.
EVALUATIONS: list = []


@spacy.registry.loggers("tests.keep.v1")
def make_keeping_logger():
    """A logger that keeps what it sees of evaluations."""

    def set_up(nlp, stdout, stderr):
        return lambda info: EVALUATIONS.extend([info] if info else []), lambda: None

    return set_up


@spacy.registry.loggers("tests.stop.v1")
def make_stopping_logger(at: int):
    """A logger that presses Ctrl-C after a step."""

    def set_up(nlp, stdout, stderr):
        steps = iter(range(at))

        def log_step(info):
            if next(steps, None) is None:
                raise KeyboardInterrupt

        return log_step, lambda: None

    return set_up


def files(folder: Path) -> dict:
    """RETURNS (dict): Content of all files of the pipelines in a folder, by name; of
    a config only what a logger does not change."""
    paths = [x for name in MODELS for x in sorted((folder / name).rglob("*"))]
    found = {x.relative_to(folder): x.read_bytes() for x in paths if x.is_file()}
    assert {name.parts[0] for name in found} == {*MODELS}
    return {
        k: _without_logger(x) if k.suffix == ".cfg" else x for k, x in found.items()
    }


def differing(one: Path, other: Path) -> list:
    """RETURNS (list): Names of the files in which two trainings' pipelines differ:
    weights, settings, scores."""
    first, second = files(one), files(other)
    names = sorted({*first, *second})
    return [str(x) for x in names if first.get(x) != second.get(x)]


def _without_logger(config: bytes) -> bytes:
    return re.sub(rb"\[training\.logger\][^\[]*", b"", config)
