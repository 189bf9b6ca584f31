"""The package as a whole: entry points, imports, messages."""

from __future__ import annotations

import ast
import configparser
import re
import subprocess
import sys
from importlib.metadata import distribution
from pathlib import Path

import pytest
import spacy
from helpers import TOK2VEC
from spacy.tokens import Doc
from spacy.vocab import Vocab
from thinc.api import Model

import spacy_globalpointer
from spacy_globalpointer.errors import Errors, Warnings

ROOT = Path(spacy_globalpointer.__file__).parent
PROJECT = ROOT.parent

# A room may import the rooms below it, and none beside or above it.
FLOORS = [
    {"cli"},
    {"scale"},
    {"report", "tuning", "diagnostics", "acceleration"},
    {"evaluation", "benchmarking", "distillation"},
    {"training", "pretraining", "recipes"},
    {"pipeline", "corpus"},
    {"encoders", "layers"},
    {"pointer", "memory"},
]
SHARED = {
    *("atomic", "errors", "locks", "machine_faults", "symbols", "torch_shim", "types"),
    *("example_sentences", "span_score", "tensor_files", "values", "wording"),
}


def declared_entry_points():
    config = configparser.ConfigParser()
    config.optionxform = str
    config.read(PROJECT / "setup.cfg", encoding="utf-8")
    return {
        (group, line.split(" = ")[0])
        for group, lines in config["options.entry_points"].items()
        for line in lines.strip().splitlines()
    }


def test_entry_points_are_installed():
    installed = distribution("spacy-globalpointer").entry_points
    assert {(e.group, e.name) for e in installed} == declared_entry_points()


@pytest.mark.parametrize("group,name", sorted(declared_entry_points()))
def test_every_entry_point_loads(group, name):
    [entry] = distribution("spacy-globalpointer").entry_points.select(
        group=group, name=name
    )
    assert callable(entry.load()) or group == "spacy_cli"
    if group != "spacy_cli":
        registry = group.removeprefix("spacy_").removeprefix("thinc_")
        if registry == "factories":
            assert spacy.blank("en").has_factory(name)
        else:
            assert spacy.registry.has(registry, name)


def test_every_architecture_builds():
    names = [n for g, n in declared_entry_points() if g == "spacy_architectures"]
    for name in names:
        if "Transformer" in name:
            continue
        config = {"model": {"@architectures": name, "tok2vec": TOK2VEC}}
        model = spacy.registry.resolve(config)["model"]
        assert isinstance(model, Model)
        if "Memory" in name:
            assert model.get_dim("nO") == TOK2VEC["width"]
        else:
            assert model.get_ref("output_layer").has_dim("nO") is None


def test_every_encoder_architecture_builds(bert_folder):
    names = [n for g, n in declared_entry_points() if g == "spacy_architectures"]
    for name in names:
        config = {"@architectures": name, "name": str(bert_folder)}
        if "Tok2VecTransformer" in name:
            config["pooling"] = {"@layers": "reduce_mean.v1"}
        elif "TransformerModel" not in name:
            continue
        model = spacy.registry.resolve({"model": config})["model"]
        model.initialize()
        output = model.predict([Doc(Vocab(), ["a"])])
        assert len(getattr(output, "doc_data", output)) == 1


def test_every_registered_rule_is_made():
    names = [n for g, n in declared_entry_points() if g == "spacy_misc"]
    for name in names:
        rule = spacy.registry.resolve({"rule": {"@misc": name}})["rule"]
        assert rule(Doc(Vocab(), ["a"])).tolist() == [False]


def test_every_scorer_scores():
    names = [n for g, n in declared_entry_points() if g == "spacy_scorers"]
    for name in names:
        scorer = spacy.registry.scorers.get(name)()
        assert scorer([], spans_key="sc") == {
            **{"spans_sc_p": None, "spans_sc_r": None, "spans_sc_f": None},
            "spans_sc_per_type": None,
        }


def imports(path: Path):
    """Rooms and shared modules of the package that a file imports, anywhere in it."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    here = ("spacy_globalpointer", *path.relative_to(ROOT).parts[:-1])
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            base = here[: len(here) - node.level + 1] if node.level else ()
            module = ".".join([*base, *([node.module] if node.module else [])])
            yield from (f"{module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


def floor(room: str) -> int:
    return next(i for i, rooms in enumerate(FLOORS) if room in rooms)


FILES = sorted(ROOT.rglob("*.py"))


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_imports_go_down_only(path):
    room = path.relative_to(ROOT).parts[0].removesuffix(".py")
    for name in imports(path):
        package, _, rest = name.partition(".")
        target = rest.split(".")[0]
        if package != "spacy_globalpointer" or target in SHARED | {"__version__"}:
            continue
        assert room not in SHARED | {"__init__"}, f"{room} imports {name}"
        assert target == room or floor(target) > floor(room), f"{room} imports {name}"


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_rooms_use_the_libraries_they_may(path):
    room = path.relative_to(ROOT).parts[0]
    libraries = {name.split(".")[0] for name in imports(path)}
    if room in ("pointer", "memory"):
        assert not libraries & {"spacy", "thinc", "spacy_transformers", "transformers"}
    if room == "corpus":
        assert not libraries & {"torch", "transformers", "spacy_transformers"}


def test_only_the_pipeline_writes_on_a_doc():
    written = re.compile(r"\.set_ents\(|\.ents\s*=[^=]|\.spans\[[^\]]+\]\s*=[^=]")
    writers = {
        path.relative_to(ROOT).parts[0]
        for path in FILES
        if written.search(path.read_text(encoding="utf-8")) and path.stem not in SHARED
    }
    assert "pipeline" in writers
    assert writers <= {"pipeline", "corpus"}  # a corpus makes gold Docs


def test_torch_is_not_imported_at_start():
    """spaCy imports every installed factory at each spacy.blank()."""
    script = (
        "import sys; sys.modules['torch'] = None\n"
        "import spacy_globalpointer\n"
        "import spacy_globalpointer.pipeline.factory\n"
        "import spacy_globalpointer.pipeline.scorer\n"
        "import spacy_globalpointer.corpus.reader\n"
        "import spacy_globalpointer.training.progress_logger\n"
        "import spacy_globalpointer.training.schedules\n"
        "import spacy_globalpointer.pipeline.span_loss\n"
        "import spacy_globalpointer.corpus.rare_labels\n"
        "import spacy_globalpointer.report\n"
        "import spacy_globalpointer.cli.app\n"
    )
    command = [sys.executable, "-W", "error::SyntaxWarning", "-c", script]
    result = subprocess.run(command, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr


def test_import_gives_no_warning():
    command = [sys.executable, "-W", "error", "-c", "import spacy_globalpointer"]
    assert subprocess.run(command).returncode == 0


def messages():
    for texts in (Errors, Warnings):
        yield from (name for name in vars(texts) if name.startswith("GP"))


def test_every_message_is_used_and_has_a_code():
    codes = list(messages())
    assert len(codes) == len(set(codes))
    source = "".join(p.read_text(encoding="utf-8") for p in FILES if p.stem != "errors")
    assert [c for c in codes if not re.search(rf"\.{c}\b", source)] == []
    assert Errors.GP001.startswith("[GP001] ")


def test_every_message_is_tested():
    tests = "".join(
        p.read_text(encoding="utf-8") for p in (PROJECT / "tests").rglob("*.py")
    )
    assert [code for code in messages() if code not in tests] == []


def test_options_of_the_commands_are_those_of_the_rooms():
    from spacy_globalpointer.cli.accelerate import PrecisionName, RunnerName
    from spacy_globalpointer.cli.annotate import ResultFormat
    from spacy_globalpointer.cli.convert import OnMisaligned
    from spacy_globalpointer.cli.debug import Overlap
    from spacy_globalpointer.corpus.align import ON_MISALIGNED
    from spacy_globalpointer.encoders.runners.kinds import RUNNERS
    from spacy_globalpointer.pipeline.overlap import POLICIES
    from spacy_globalpointer.scale.parts import FORMATS

    assert {option.value for option in RunnerName} == set(RUNNERS)
    precisions = {name for own in RUNNERS.values() for name in own.precisions}
    assert {option.value for option in PrecisionName} == precisions
    assert {option.value for option in ResultFormat} == set(FORMATS)
    assert {option.value for option in OnMisaligned} == set(ON_MISALIGNED)
    assert {option.value for option in Overlap} == set(POLICIES)
