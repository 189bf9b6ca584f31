"""`spacy global-pointer tune`."""

from __future__ import annotations

import filecmp
import inspect
import os
import re
import shutil
from pathlib import Path

import pytest
import spacy
from corpus_helpers import load, save
from spacy.tokens import DocBin
from spacy.training import Corpus
from spacy.util import fix_random_seed
from tuning_helpers import save_dev, unsure
from typer.testing import CliRunner

from spacy_globalpointer.cli.app import global_pointer_cli
from spacy_globalpointer.cli.tune import tune_cli
from spacy_globalpointer.evaluation.predictions import LOWEST
from spacy_globalpointer.memory.document_memory import DocumentMemory
from spacy_globalpointer.tuning import tune as tune_module
from spacy_globalpointer.tuning.choice import Score
from spacy_globalpointer.tuning.document_memory_choice import OFF
from spacy_globalpointer.tuning.tune import Tuning

NAME = "global_pointer"


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Path:
    """A pipeline and documents, written once."""
    folder = tmp_path_factory.mktemp("tune")
    fix_random_seed(0)
    nlp = unsure(overlap="nested")
    nlp.to_disk(folder / "model")
    save_dev(nlp, folder / "dev.spacy")
    return folder


@pytest.fixture
def model(made, tmp_path) -> Path:
    return shutil.copytree(made / "model", tmp_path / "model")


@pytest.fixture
def dev(made) -> Path:
    return made / "dev.spacy"


def tune(*args, code=0):
    """Run the command. RETURNS: Its output as one line, colours left out."""
    result = CliRunner().invoke(global_pointer_cli, ["tune", *map(str, args)])
    assert result.exit_code == code, f"{result.output}\n{result.exception!r}"
    return " ".join(re.sub(r"\x1b\[[0-9;]*m", "", result.output).split())


#: Documents with 14 gold spans are fewer than the default of --min-gold allows.
FEW = ("--min-gold", 1)


def evaluate(model, dev):
    """P, R and F1 in percent, as the command prints them."""
    nlp = spacy.load(model)
    scores = nlp.evaluate(list(Corpus(dev)(nlp)))
    return " ".join(f"{100 * scores[f'spans_sc_{name}']:.1f}" for name in "prf")


def config(model):
    return spacy.util.load_config(model / "config.cfg")["components"][NAME]


@pytest.mark.parametrize("options", [[], ["--temperature"], ["--overall-only"]])
def test_tuned_pipeline_has_the_printed_scores(model, dev, options):
    before = evaluate(model, dev)
    output = tune(model, dev, "--min-gold", 1, *options)
    assert f"Thresholds so far {before} " in output
    row = r"Best single: \S+" if "--overall-only" in options else "Best per label"
    [after] = re.findall(rf"{row} ((?:\S+ ){{3}})", output)
    assert evaluate(model, dev) == after.strip() != before


def test_only_the_settings_change(made, model, dev):
    tune(model, dev, "--min-gold", 1)
    old, new = (
        (x / "config.cfg").read_text().splitlines() for x in (made / "model", model)
    )
    changed = {line for line in new if line not in old}
    assert changed and all(
        re.fullmatch(r"(threshold|ORG|PERSON|PLACE) = [\d.]+", line) for line in changed
    )
    assert [line for line in old if line not in new] == ["threshold = 0.5"]
    comparison = filecmp.dircmp(made / "model", model)
    assert comparison.diff_files == ["config.cfg"]
    assert not comparison.left_only and not comparison.right_only


def test_written_settings_are_the_printed_ones(model, dev):
    output = tune(model, dev, "--min-gold", 1, "--temperature")
    written = config(model)
    assert f"Best single: {written['threshold']} " in output
    for label, threshold in written["thresholds"].items():
        assert f"{label} {threshold} " in output
    assert f"{written['temperature']} " in output


def test_second_run_finds_the_same_thresholds(model, dev):
    """A temperature moves the probabilities, and not what is looked at."""
    tune(model, dev, "--min-gold", 1, "--temperature")
    first = config(model)
    output = tune(model, dev, "--min-gold", 1, "--temperature")
    second = config(model)
    assert second["temperature"] == first["temperature"] != 1.0
    assert second["thresholds"].keys() == first["thresholds"].keys()
    assert second["thresholds"] == pytest.approx(first["thresholds"], abs=1e-3)
    assert "GPW012" not in output


def test_labels_that_a_config_cannot_hold_are_reported(made, dev, tmp_path):
    nlp = spacy.load(made / "model")
    names = {"PLACE": "#PLACE", "ORG": "[ORG]", "PERSON": "PERSON"}
    pipe = nlp.get_pipe(NAME)
    pipe.cfg["labels"] = [names[label] for label in pipe.labels]
    nlp.to_disk(tmp_path / "model")
    docs = list(DocBin().from_disk(dev).get_docs(nlp.vocab))
    for doc in docs:
        for span in doc.spans["sc"]:
            span.label_ = names.get(span.label_, span.label_)
    DocBin(docs=docs).to_disk(path := tmp_path / "dev.spacy")
    output = tune(tmp_path / "model", path, "--min-gold", 1)
    assert "cannot be keys in a config: '[ORG]', '#PLACE'" in output
    assert set(config(tmp_path / "model")["thresholds"]) <= {"PERSON"}
    spacy.load(tmp_path / "model")


def test_a_saved_pipeline_is_written_in_the_same_order(made, model, dev):
    """The config is as spaCy writes it."""
    tune(model, dev, *FEW)
    text = (model / "config.cfg").read_bytes()
    spacy.load(model).to_disk(made / "again")
    assert (made / "again" / "config.cfg").read_bytes() == text


def test_references_to_other_sections_are_kept(model, dev):
    path = model / "config.cfg"
    assert "seed = ${system.seed}" in path.read_text()
    tune(model, dev, *FEW)
    assert "seed = ${system.seed}" in path.read_text()


def test_earlier_thresholds_are_replaced(model, dev):
    tune(model, dev, "--min-gold", 1)
    assert config(model)["thresholds"]
    tune(model, dev, "--overall-only", *FEW)
    assert not config(model)["thresholds"]


def test_output_gets_a_tuned_copy(made, model, dev, tmp_path):
    tune(model, dev, "--output", tmp_path / "new" / "tuned", *FEW)
    assert filecmp.cmp(made / "model/config.cfg", model / "config.cfg", shallow=False)
    assert config(tmp_path / "new/tuned")["threshold"] != 0.5
    spacy.load(tmp_path / "new" / "tuned")
    assert os.listdir(tmp_path / "new") == ["tuned"]


def test_dry_run(made, model, dev):
    assert "Nothing was written" in tune(model, dev, "--dry-run")
    assert filecmp.cmp(made / "model/config.cfg", model / "config.cfg", shallow=False)


def test_failure_leaves_the_old_config(made, model, dev, monkeypatch):
    def fail(*args):
        raise OSError("disk full")

    monkeypatch.setattr(os, "replace", fail)
    assert "disk full" in tune(model, dev, *FEW, code=1)
    assert filecmp.cmp(made / "model/config.cfg", model / "config.cfg", shallow=False)
    assert sorted(os.listdir(model)) == sorted(os.listdir(made / "model"))


def test_beta_changes_the_f_score(model, dev):
    output = tune(model, dev, "--beta", 2, *FEW)
    assert " F2 so far " in output and " F1" not in output


def test_threshold_below_the_considered_spans_is_reported(model, dev):
    path = model / "config.cfg"
    path.write_text(path.read_text().replace("threshold = 0.5", "threshold = 0.01"))
    assert "GPW012" in tune(model, dev, "--dry-run")
    assert "GPW012" not in tune(model, dev, "--dry-run", "--lowest", 0.005)


def test_lowest_probability_is_that_of_evaluate():
    option = inspect.signature(tune_cli).parameters["lowest"]
    assert option.default == LOWEST


def test_lowest_threshold_that_is_best_is_reported(model, dev, tmp_path):
    nlp = spacy.load(model, config={f"components.{NAME}.threshold": 0.3})
    found = nlp.pipe(doc.text for doc in DocBin().from_disk(dev).get_docs(nlp.vocab))
    DocBin(docs=found).to_disk(path := tmp_path / "dev.spacy")
    assert "GPW013" in tune(model, path, "--dry-run", "--lowest", 0.3)
    assert "GPW013" not in tune(model, path, "--dry-run")


def test_missing_pipeline_is_reported(model, dev):
    (model / "config.cfg").unlink()
    assert "GP134" in tune(model, dev, code=1)


def test_existing_output_is_reported(model, dev, tmp_path):
    assert "GP042" in tune(model, dev, "--output", tmp_path, code=1)


def test_output_inside_the_pipeline_is_reported(model, dev):
    assert "GP135" in tune(model, dev, "--output", model / "x" / "y", code=1)


@pytest.mark.parametrize(
    "options,code",
    [
        (["--component", "mine"], "GP130"),
        (["--component", "sentencizer"], "GP131"),
        (["--lowest", 0], "GP136"),
        (["--beta", 0], "GP136"),
    ],
)
def test_invalid_options_are_reported(model, dev, tmp_path, options, code):
    nlp = spacy.load(model)
    nlp.add_pipe("sentencizer")
    nlp.to_disk(tmp_path / "two")
    assert code in tune(tmp_path / "two", dev, *options, code=1)


def test_single_threshold_with_a_higher_estimate_is_reported(model, dev, monkeypatch):
    def left_out(tuning, chosen):
        return Score(8 if chosen is tuning.single else 7, 10, 10)

    monkeypatch.setattr(Tuning, "left_out", left_out)
    monkeypatch.setattr(Tuning, "gains", True)
    monkeypatch.setattr(Tuning, "score", lambda *_: Score(5, 10, 10))
    hint = "one threshold for all labels does better (cross-validated)"
    assert hint in tune(model, dev, "--dry-run")
    assert hint not in tune(model, dev, "--dry-run", "--overall-only")


def test_few_gold_spans_are_reported(made, model, dev, tmp_path):
    docs = load(dev)
    assert "GPW015" not in tune(model, save(tmp_path / "a.spacy", docs * 4))
    told = tune(model, save(tmp_path / "b.spacy", docs[:2]), "--dry-run")
    n = sum(len(doc.spans["sc"]) for doc in docs[:2])
    assert f"[GPW015] There are only {n} gold spans in 2 documents" in told


@pytest.mark.parametrize("options", [[], ["--overall-only"], ["--output"]])
def test_thresholds_from_few_gold_spans_are_not_written(
    made, model, dev, tmp_path, options
):
    options += [tmp_path / "copy"] if "--output" in options else []
    told = tune(model, dev, *options, "--min-gold", 15, code=1)
    assert "GPW015" in told and "[GP139] Nothing was written" in told
    assert "14 gold spans, fewer than --min-gold 15" in told
    assert filecmp.cmp(made / "model/config.cfg", model / "config.cfg", shallow=False)
    assert sorted(os.listdir(tmp_path)) == ["model"]
    told = tune(model, dev, *options, "--min-gold", 14)
    assert "GPW015" not in told and "Wrote threshold" in told


def test_documents_without_gold_are_reported(model, dev, tmp_path):
    docs = list(DocBin().from_disk(dev).get_docs(spacy.blank("en").vocab))
    for doc in docs:
        doc.spans["sc"] = []
    DocBin(docs=docs).to_disk(tmp_path / "dev.spacy")
    assert "GP132" in tune(model, tmp_path / "dev.spacy", code=1)


MEMORY = DocumentMemory(0.8, (0.05, 0.5))
#: Settings of a pipeline that has a memory.
SETTINGS = {"document_memory": 1.0, "document_band": [0.02, 0.3]}


def choose(monkeypatch, memory):
    monkeypatch.setattr(tune_module, "choose_document_memory", lambda *args: memory)


def with_settings(model, path, **settings):
    """A copy of a pipeline with other settings."""
    config = {f"components.{NAME}.{name}": x for name, x in settings.items()}
    spacy.load(model, config=config).to_disk(path)
    return path


def printed(output, row):
    """P, R and F1 of a row."""
    return re.findall(rf"{row} (\S+ \S+ \S+) ", output)[0]


def test_chosen_memory_is_printed_and_written(model, dev, monkeypatch):
    choose(monkeypatch, MEMORY)
    output = tune(model, dev, "--document-memory", *FEW)
    assert "spans with a probability from 0.05 to 0.5 are revised" in output
    assert "from 0.5 on, with a weight of up to 0.8. It was chosen on all" in output
    names = "threshold, thresholds, document_memory, document_band"
    assert f"Wrote {names} of '{NAME}'" in output
    assert config(model)["document_memory"] == 0.8
    assert config(model)["document_band"] == [0.05, 0.5]
    assert "calibration error, although" not in output


@pytest.mark.parametrize("options", [[], ["--temperature"], ["--overall-only"]])
@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.5])
def test_pipeline_with_a_memory_has_the_printed_scores(
    model, dev, options, temperature, monkeypatch
):
    def considered(candidates, chooser):
        """A memory that revises only spans that were considered, as any choice does."""
        low, high = MEMORY.band
        return DocumentMemory(MEMORY.weight, (max(low, candidates.lowest), high))

    monkeypatch.setattr(tune_module, "choose_document_memory", considered)
    monkeypatch.setattr(tune_module, "fit_temperature", lambda *args: temperature)
    before = evaluate(model, dev)
    output = tune(model, dev, "-m", *FEW, *options)
    assert printed(output, "Thresholds so far") == before
    row = r"Best single: \S+" if "--overall-only" in options else "Best per label"
    assert evaluate(model, dev) == printed(output, row) != before


def test_no_memory_is_written_if_none_gains(made, model, dev, monkeypatch):
    choose(monkeypatch, OFF)
    output = tune(model, dev, "--document-memory", *FEW)
    assert "No document memory gains on documents" in output
    assert f"Wrote threshold, thresholds of '{NAME}'" in output
    old, new = config(made / "model"), config(model)
    assert {name for name in new if new[name] != old[name]} <= {
        "threshold",
        "thresholds",
    }


def test_memory_is_neither_chosen_nor_printed_without_the_option(
    model, dev, monkeypatch
):
    choose(monkeypatch, MEMORY)
    assert "ocument memory" not in tune(model, dev, *FEW)
    assert config(model)["document_memory"] == 0.0


def test_dry_run_prints_the_memory_and_writes_nothing(made, model, dev, monkeypatch):
    choose(monkeypatch, MEMORY)
    output = tune(model, dev, "--document-memory", "--dry-run")
    assert "Document memory: " in output and "Nothing was written" in output
    assert filecmp.cmp(made / "model/config.cfg", model / "config.cfg", shallow=False)


def test_present_memory_stays_and_is_in_the_scores(model, dev, tmp_path):
    """Also if it revises spans below the lowest probability that is considered."""
    model = with_settings(model, tmp_path / "own", **SETTINGS)
    before = evaluate(model, dev)
    output = tune(model, dev, *FEW)
    assert printed(output, "Thresholds so far") == before
    assert evaluate(model, dev) == printed(output, "Best per label")
    assert {name: config(model)[name] for name in SETTINGS} == SETTINGS


@pytest.mark.parametrize("memory", [MEMORY, OFF])
def test_second_run_replaces_the_memory(model, dev, tmp_path, monkeypatch, memory):
    model = with_settings(model, tmp_path / "own", **SETTINGS)
    choose(monkeypatch, memory)
    before = evaluate(model, dev)
    output = tune(model, dev, "--document-memory", *FEW)
    assert printed(output, "Thresholds so far") == before
    assert config(model)["document_memory"] == memory.weight
    assert config(model)["document_band"] == list(memory.band)
    assert evaluate(model, dev) == printed(output, "Best per label")


def test_second_run_finds_the_same_memory(model, dev):
    """With the choice as it is."""
    tune(model, dev, "--document-memory", *FEW)
    first = config(model)
    tune(model, dev, "--document-memory", *FEW)
    for name in SETTINGS:
        assert config(model)[name] == first[name]


def test_memory_that_a_temperature_moves_below_all_spans_is_reported(
    model, dev, tmp_path, monkeypatch
):
    settings = {"document_memory": 0.5, "document_band": [0.05, 0.5]}
    model = with_settings(model, tmp_path / "own", **settings)
    monkeypatch.setattr(tune_module, "fit_temperature", lambda *args: 2.0)
    hint = "At the temperature 2.0, spans with a probability from 0.05 to 0.18"
    assert hint in tune(model, dev, "--temperature", "--dry-run")
    assert "were not considered" not in tune(model, dev, "--dry-run")
    choose(monkeypatch, DocumentMemory(0.5, (0.3, 0.7)))
    output = tune(model, dev, "--temperature", "--document-memory", "--dry-run")
    assert "were not considered" not in output


def test_settings_of_the_memory_are_chosen_and_written(model, dev):
    nlp = spacy.load(model)
    examples = list(Corpus(dev)(nlp))
    nlp.get_pipe(NAME).remember([eg for eg in examples if eg.reference.spans["sc"]])
    nlp.to_disk(model)
    output = tune(model, dev, *FEW, "--memory")
    assert "memory of spans" in output.lower()
    found = re.findall(r"(memory_\w+) = ([\d.]+)", output)
    pipe = spacy.load(model).get_pipe(NAME)
    assert {name: pipe.cfg[name] for name, _ in found} == {
        name: pytest.approx(float(value)) for name, value in found
    }


def test_memory_that_is_empty_is_reported(model, dev):
    assert "GP144" in tune(model, dev, *FEW, "--memory", code=1)
