"""Accelerated pipelines against those that they were made from."""

from __future__ import annotations

import sys
from copy import deepcopy
from dataclasses import replace

import pytest
import spacy
import srsly
import torch
from fake_runner import FakeRunner
from helpers import TEXTS, build, fit, found, make_examples
from small_encoders import make_bert
from spacy.tokens import Doc, DocBin
from thinc.api import Config
from typer.testing import CliRunner

from spacy_globalpointer.acceleration import accelerate as room
from spacy_globalpointer.acceleration.accelerate import accelerate
from spacy_globalpointer.acceleration.comparison import Comparison, Row
from spacy_globalpointer.acceleration.sample import MOST, calibration_windows
from spacy_globalpointer.cli.app import global_pointer_cli
from spacy_globalpointer.encoders import encoder_shim
from spacy_globalpointer.encoders.folders import load_encoder
from spacy_globalpointer.encoders.runners.kinds import RUNNERS
from spacy_globalpointer.encoders.runners.openvino_runner import OpenVINORunner

TRANSFORMER = "spacy-globalpointer.TransformerModel.v1"


@pytest.fixture(scope="module", autouse=True, params=[FakeRunner, OpenVINORunner])
def runner(request):
    """Each test runs with a runner that needs no library, and with the real one."""
    try:
        request.param.require(request.param.for_export)
    except ImportError as error:
        pytest.skip(str(error))
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(RUNNERS, "openvino", request.param)
        yield request.param


@pytest.fixture(scope="module")
def folder(runner, tmp_path_factory):
    """A trained pipeline. No test changes it."""
    folder = tmp_path_factory.mktemp("pipeline")
    bert = make_bert(folder / "bert")
    nlp = spacy.blank("en")
    model = {"@architectures": TRANSFORMER, "name": str(bert), "precision": "fp32"}
    nlp.add_pipe("transformer", config={"model": model})
    nlp.add_pipe("global_pointer", config={"overlap": "nested"})
    fit(nlp, make_examples(nlp), steps=25)
    nlp.to_disk(folder / "trained")
    return folder / "trained"


@pytest.fixture(scope="module")
def two_components(folder, tmp_path_factory):
    """The same, with a second component on its encoder. No test changes it."""
    nlp = spacy.load(folder)
    other = nlp.add_pipe("global_pointer", "other", source=spacy.load(folder))
    listener = other.model.get_ref("tok2vec").layers[0]
    nlp.get_pipe("transformer").add_listener(listener, "other")
    output = tmp_path_factory.mktemp("two") / "pipeline"
    nlp.to_disk(output)
    return output


@pytest.fixture(scope="module")
def accelerated(folder, tmp_path_factory):
    """The same, accelerated without another precision. No test changes it."""
    nlp = spacy.load(folder)
    accelerate(nlp, TEXTS, precision="f32")
    output = tmp_path_factory.mktemp("accelerated") / "pipeline"
    room.save(nlp, output)
    return output


def scored(nlp, texts=TEXTS):
    docs = [nlp(text) for text in texts]
    return [dict(zip(found(x), x.spans["sc"].attrs["scores"])) for x in docs]


def assert_close(one, other):
    assert [own.keys() for own in one] == [own.keys() for own in other]
    for own, its in zip(one, other):
        assert all(own[key] == pytest.approx(its[key], abs=1e-3) for key in own)


def gold_docs(nlp):
    return [example.reference for example in make_examples(nlp)]


def test_spans_and_scores_are_those_of_torch(folder, accelerated):
    expected = scored(spacy.load(folder))
    assert any(expected)
    nlp = spacy.load(accelerated)
    assert_close(scored(nlp), expected)
    again = spacy.load(folder).from_bytes(nlp.to_bytes())
    assert scored(again) == scored(nlp)


def test_the_runner_is_stored_instead_of_weights(accelerated):
    stored = srsly.msgpack_loads((accelerated / "transformer/model").read_bytes())
    [data] = [own for node in stored["shims"] for own in node]
    message = srsly.msgpack_loads(data)
    kind, precision, files = srsly.msgpack_loads(message["weights"])
    assert (message["format"], kind, precision) == ("2", "openvino", "f32")
    assert files == encoder_of(spacy.load(accelerated)).runner.files
    assert not list(encoder_of(spacy.load(accelerated))._model.parameters())


def encoder_of(nlp):
    return nlp.get_pipe("transformer").model.layers[0].shims[0]


def test_gold_spans_are_compared_by_f1(folder):
    nlp = spacy.load(folder)
    result = accelerate(nlp, gold_docs(nlp), precision="f32")
    assert result.has_gold and result.loss == 0
    names = [row.name for row in result.rows]
    assert names[0] == "torch fp32" and names[-1] == "openvino f32"
    assert result.rows[0].f1 == result.rows[-1].f1 == 1
    assert result.rows[-1].agreement == 1 and result.rows[-1].largest < 1e-3
    assert result.words == sum(len(nlp.make_doc(text)) for text in TEXTS)
    assert (result.spans, result.gold, result.annotated) == (8, 8, 4)


@pytest.mark.parametrize(
    "f1,agreement,loss", [((0.8, 0.75), 0.5, 5.0), ((None, None), 0.98, 2.0)]
)
def test_loss_is_of_f1_with_gold_and_of_agreement_without(f1, agreement, loss):
    rows = [
        Row("torch fp32", f1[0], 1.0, 0.0, 0.0, 10.0),
        Row("x", f1[1], agreement, 0.1, 0.1, 20.0),
    ]
    result = Comparison(rows, 5, spans=2, gold=2, annotated=1)
    assert result.loss == pytest.approx(loss) and result.is_faster


def test_processes_find_the_same_spans(accelerated):
    nlp = spacy.load(accelerated)
    expected = scored(nlp, TEXTS * 4)  # it is compiled before the fork
    docs = nlp.pipe(TEXTS * 4, n_process=2, batch_size=2)
    own = [dict(zip(found(x), x.spans["sc"].attrs["scores"])) for x in docs]
    assert_close(own, expected)


def test_texts_of_any_length_are_read(folder, accelerated):
    texts = ["", " ", "\n\n", " ".join(TEXTS * 20)]
    nlp = spacy.load(accelerated)
    assert_close(scored(nlp, texts), scored(spacy.load(folder), texts))
    assert list(nlp.pipe([])) == []


def test_an_encoder_inside_the_component_is_accelerated(
    folder, runner, tmp_path, monkeypatch
):
    nlp = spacy.load(folder)
    nlp.replace_listeners("transformer", "global_pointer", ["model.tok2vec"])
    nlp.remove_pipe("transformer")
    expected = scored(nlp)
    accelerate(nlp, TEXTS, precision="f32")
    assert_close(scored(nlp), expected)
    room.save(nlp, tmp_path / "x")
    assert_close(scored(spacy.load(tmp_path / "x")), expected)
    monkeypatch.setitem(sys.modules, runner.modules[0], None)
    with pytest.raises(ImportError, match=r"^\[GP232"):
        spacy.load(tmp_path / "x")


def test_training_raises_GP235(accelerated):
    nlp = spacy.load(accelerated)
    examples = make_examples(nlp)
    with pytest.raises(ValueError, match="GP235"):
        nlp.update(examples, sgd=nlp.resume_training())
    with pytest.raises(ValueError, match="GP235"):
        nlp.initialize(lambda: examples)
    assert_close(scored(nlp), scored(spacy.load(accelerated)))


def test_an_accelerated_encoder_is_read_without_its_library(
    accelerated, runner, monkeypatch
):
    monkeypatch.setitem(sys.modules, runner.modules[0], None)
    assert load_encoder(str(accelerated), with_weights=False).width == 32
    with pytest.raises(ValueError, match="GP235"):
        load_encoder(str(accelerated))


@pytest.mark.parametrize(
    "command,arguments",
    [("cut", ["-l", "0"]), ("trim", []), ("lengthen", [])],
)
def test_an_accelerated_encoder_cannot_be_changed(
    command, arguments, accelerated, runner, tmp_path, monkeypatch
):
    monkeypatch.setitem(sys.modules, runner.modules[0], None)
    (tmp_path / "a.txt").write_text(TEXTS[0])
    files = [tmp_path / "a.txt"] if command == "trim" else []
    names = [accelerated, *files, tmp_path / "x"]
    called = [command, *map(str, names), *arguments]
    result = CliRunner().invoke(global_pointer_cli, called)
    assert result.exit_code == 1 and "GP235" in result.output


def test_damage_is_noticed(accelerated, tmp_path):
    nlp = spacy.load(accelerated)
    nlp.to_disk(tmp_path / "x")
    file = tmp_path / "x/transformer/model"
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(data)
    with pytest.raises(ValueError, match="GP038.*digest"):
        spacy.load(tmp_path / "x")


def test_without_the_library_the_extra_is_named(accelerated, runner, monkeypatch):
    monkeypatch.setitem(sys.modules, runner.modules[0], None)
    with pytest.raises(ImportError, match=r"GP232.*pip install .\.\[openvino\]"):
        spacy.load(accelerated)


def test_gpu_raises_GP239(folder, accelerated, monkeypatch):
    cuda = torch.device("cuda")
    nlp = spacy.load(folder)
    monkeypatch.setattr(encoder_shim, "get_torch_default_device", lambda: cuda)
    with pytest.raises(ValueError, match="GP239.*cuda"):
        spacy.load(accelerated)
    with pytest.raises(ValueError, match="GP239"):
        accelerate(nlp, TEXTS)


def test_what_cannot_be_accelerated_raises_GP236(accelerated):
    with pytest.raises(ValueError, match="GP236.*'transformer'.*is already acc"):
        accelerate(spacy.load(accelerated), TEXTS)
    plain = build()
    fit(plain, make_examples(plain), steps=1)
    with pytest.raises(ValueError, match="GP236.*'global_pointer'.*of another kind"):
        accelerate(plain, TEXTS)


@pytest.mark.parametrize(
    "sample,options,code",
    [
        ([], {}, "GP238"),
        (["", ""], {}, "GP238"),
        (TEXTS, {"max_drop": -1}, "GP208"),
        (TEXTS, {"max_drop": "0.5"}, "GP208"),
        (TEXTS, {"precision": "int4"}, "GP237"),
    ],
)
def test_wrong_arguments_change_nothing(sample, options, code, folder):
    nlp = spacy.load(folder)
    with pytest.raises(ValueError, match=code):
        accelerate(nlp, sample, **options)
    assert encoder_of(nlp).runner is None


@pytest.fixture
def noisy(runner, monkeypatch):
    """Let the exported encoder compute nonsense."""
    whole = runner.__call__

    def call(self, inputs):
        hidden = whole(self, inputs)
        return torch.randn_like(hidden) if self.precision == "bf16" else hidden

    monkeypatch.setattr(runner, "__call__", call)


def test_too_much_loss_raises_GP234_and_changes_nothing(folder, noisy):
    nlp = spacy.load(folder)
    expected, before = scored(nlp), deepcopy(nlp.meta)
    for sample, measure in ((gold_docs(nlp), "F1"), (TEXTS, "agreement")):
        seen = []
        with pytest.raises(ValueError, match=f"GP234.*points of {measure}"):
            accelerate(nlp, sample, precision="bf16", report=seen.append)
        assert seen[0].loss > 0.5
    assert scored(nlp) == expected
    assert nlp.meta == before
    assert accelerate(nlp, TEXTS, precision="bf16", max_drop=100).loss > 0.5


def test_a_memory_of_spans_stays_in_use(folder, tmp_path):
    nlp = spacy.load(folder)
    nlp.get_pipe("global_pointer").remember(make_examples(nlp))
    accelerate(nlp, TEXTS, precision="f32")
    room.save(nlp, tmp_path / "x")
    again = spacy.load(tmp_path / "x")
    pipe = again.get_pipe("global_pointer")
    assert len(pipe.memory) and pipe.remember(make_examples(again)) == 0


def test_all_components_with_the_encoder_keep_their_memories(two_components):
    nlp = spacy.load(two_components)
    for name in ("global_pointer", "other"):
        assert nlp.get_pipe(name).remember(make_examples(nlp)) > 0
    accelerate(nlp, TEXTS, precision="f32")
    again = spacy.load(two_components).from_bytes(nlp.to_bytes())
    assert again(TEXTS[0]).spans["sc"]
    for name in ("global_pointer", "other"):
        assert len(again.get_pipe(name).memory)
        assert again.get_pipe(name).remember(make_examples(again)) == 0


def test_a_memory_of_other_weights_is_not_accepted(folder):
    nlp = spacy.load(folder)
    pipe = nlp.get_pipe("global_pointer")
    pipe.remember(make_examples(nlp))
    pipe._memory = replace(pipe._memory, digest="other")
    room._replace(nlp, encoder_of(nlp), FakeRunner("f32", {}))
    assert pipe.memory.digest == "other"


def test_two_accelerated_encoders_are_one_requirement(two_components):
    nlp = spacy.load(two_components)
    nlp.replace_listeners("transformer", "global_pointer", ["model.tok2vec"])
    accelerate(nlp, TEXTS, precision="f32")
    accelerate(nlp, TEXTS, precision="f32", component="other")
    assert nlp.meta["requirements"].count(RUNNERS["openvino"].requirement) == 1


@pytest.mark.parametrize("with_gold", [False, True])
def test_a_sample_without_anything_to_lose_raises_GP247(with_gold, folder, noisy):
    nlp = spacy.load(folder)
    nlp.get_pipe("global_pointer").cfg["threshold"] = 0.999999
    sample = gold_docs(nlp) if with_gold else TEXTS
    seen = []
    with pytest.raises(ValueError, match="GP247.*at least one"):
        accelerate(nlp, sample, precision="bf16", report=seen.append)
    assert seen[0].spans == 0
    assert encoder_of(nlp).runner is None


def test_a_mixed_sample_has_F1_of_the_annotated_documents_only(folder):
    nlp = spacy.load(folder)
    own = gold_docs(nlp)[0]
    own.spans["sc"] = list(own.spans["sc"])[:2]  # so two of the four found are wrong
    result = accelerate(nlp, [own, TEXTS[1]], precision="f32")
    assert [row.f1 for row in result.rows] == [pytest.approx(2 / 3)] * len(result.rows)
    assert (result.spans, result.gold, result.annotated) == (8, 2, 1)
    assert result.rows[-1].agreement == 1


def test_windows_have_the_tokens_of_the_pipeline(folder):
    nlp = spacy.load(folder)
    model = nlp.get_pipe("transformer").model
    words = TEXTS[0].split()
    other = Doc(nlp.vocab, words=["".join(words)])
    same = calibration_windows(nlp, model, [nlp.make_doc(other.text)])
    made = []
    whole = nlp.make_doc
    nlp.make_doc = lambda text: made.append(text) or whole(text)
    [own] = calibration_windows(nlp, model, [other])
    assert made == [other.text]
    assert torch.equal(own["input_ids"], same[0]["input_ids"])


def test_windows_are_chosen_before_they_are_made(folder):
    nlp = spacy.load(folder)
    model = nlp.get_pipe("transformer").model
    docs = [nlp.make_doc(f"a {'b ' * (i % 7)}") for i in range(2 * MOST)]
    made = []
    whole = nlp.make_doc
    nlp.make_doc = lambda text: made.append(text) or whole(text)
    windows = calibration_windows(nlp, model, docs)
    assert len(made) == len(windows) == MOST
    sizes = [own["input_ids"].shape[1] for own in windows]
    assert sizes == sorted(sizes, reverse=True)
    long = whole("a b c d e f g h " * 8000)
    windows = calibration_windows(nlp, model, [long, docs[0]])
    assert len(windows) == MOST // 2 + 1


def run(*arguments):
    return CliRunner().invoke(global_pointer_cli, ["accelerate", *map(str, arguments)])


def test_command_prints_the_table_and_writes_a_pipeline(folder, tmp_path):
    nlp = spacy.load(folder)
    DocBin(docs=gold_docs(nlp), store_user_data=True).to_disk(tmp_path / "a.spacy")
    srsly.write_jsonl(tmp_path / "b.jsonl", [{"text": text} for text in TEXTS])
    samples = ("-s", tmp_path / "a.spacy", "-s", tmp_path / "b.jsonl")
    result = run(folder, tmp_path / "x", *samples, "-p", "f32", "-r", "openvino")
    assert result.exit_code == 0, result.output
    assert "openvino f32" in result.output and "torch fp32" in result.output
    words = " ".join(result.output.split())
    assert "16 spans of torch fp32, and F1 with 8 gold spans in 4 documents" in words
    assert_close(scored(spacy.load(tmp_path / "x")), scored(nlp))
    assert "openvino>=2026.0" in spacy.load(tmp_path / "x").meta["requirements"]
    config = Config().from_disk(tmp_path / "x/config.cfg", interpolate=False)
    assert config == Config().from_disk(folder / "config.cfg", interpolate=False)


def test_command_warns_if_nothing_is_faster(folder, tmp_path, monkeypatch):
    monkeypatch.setattr(Comparison, "is_faster", False)
    (tmp_path / "a.txt").write_text(TEXTS[0])
    result = run(folder, tmp_path / "x", "-s", tmp_path / "a.txt", "-p", "f32")
    assert result.exit_code == 0 and "GPW045" in result.output


def test_refused_command_prints_the_table_and_writes_nothing(folder, tmp_path, noisy):
    (tmp_path / "a.txt").write_text(TEXTS[0])
    result = run(folder, tmp_path / "x", "-s", tmp_path / "a.txt", "-p", "bf16")
    assert result.exit_code == 1
    assert "GP234" in result.output and "openvino bf16" in result.output
    assert not (tmp_path / "x").exists()


def test_a_packaged_pipeline_names_what_it_needs(accelerated, tmp_path):
    from spacy.cli.package import package

    package(accelerated, tmp_path, name="fast", create_wheel=False, create_sdist=False)
    [meta] = tmp_path.glob("en_fast-*/meta.json")
    requirement = RUNNERS["openvino"].requirement
    assert requirement in srsly.read_json(meta)["requirements"]
    [data] = tmp_path.glob("en_fast-*/en_fast/en_fast-*")
    assert_close(scored(spacy.load(data)), scored(spacy.load(accelerated)))
