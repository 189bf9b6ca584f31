"""Runners of exported encoders against torch, and their errors."""

from __future__ import annotations

import copy
import pickle
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch
from fake_runner import FakeRunner
from small_encoders import make_bert, make_bigbird, make_longformer, make_roberta

from spacy_globalpointer.encoders.folders import load_encoder
from spacy_globalpointer.encoders.runners import cpu, kinds
from spacy_globalpointer.encoders.runners import runner as room
from spacy_globalpointer.encoders.runners.runner import ExportedModule

#: Highest relative error of the vectors of small random encoders.
#: Without VNNI or AMX, sums of "int8" may overflow.
INT8 = 0.03 if cpu.has_int8() else 0.2
BOUNDS = {"f32": 1e-4, "bf16": 0.03, "int8-weights": 0.03, "int8": INT8}
PAIRS = [(x.kind, p) for x in kinds.RUNNERS.values() for p in x.precisions]


def require(kind):
    found = kinds.RUNNERS[kind]
    try:
        found.require(found.for_export)
    except ImportError as error:
        pytest.skip(str(error))


def module_of(folder):
    return load_encoder(str(folder)).module.eval()


def window(n, seed=0):
    generator = torch.Generator().manual_seed(seed)
    ids = torch.randint(5, 90, (1, n), generator=generator)
    return {"input_ids": ids, "attention_mask": torch.ones_like(ids)}


WINDOWS = [window(n, n) for n in (5, 12, 12, 30, 60)]


def batch():
    """Windows of several lengths, padded."""
    ids, mask = torch.zeros(3, 40, dtype=torch.int64), torch.zeros(3, 40).long()
    for row, n in enumerate((40, 7, 21)):
        ids[row, :n], mask[row, :n] = window(n)["input_ids"], 1
    return {"input_ids": ids, "attention_mask": mask}


def error(runner, module, inputs):
    with torch.no_grad():
        expected = ExportedModule(module)(**inputs)
    mask = inputs["attention_mask"].bool()
    return float((runner(inputs) - expected)[mask].norm() / expected[mask].norm())


@pytest.fixture(scope="module")
def bert(tmp_path_factory):
    return module_of(make_bert(tmp_path_factory.mktemp("bert")))


@pytest.fixture(scope="module")
def runner(bert):
    require("openvino")
    return kinds.export_runner("openvino", "f32", bert, WINDOWS)


@pytest.mark.parametrize("kind,precision", PAIRS)
def test_vectors_are_those_of_torch_within_the_precision(kind, precision, bert):
    require(kind)
    runner = kinds.export_runner(kind, precision, bert, WINDOWS)
    assert (runner.kind, runner.precision) == (kind, precision)
    assert error(runner, bert, batch()) < BOUNDS[precision]
    loaded = kinds.load_runner(kind, precision, runner.files)
    assert torch.equal(loaded(batch()), runner(batch()))


def test_an_encoder_that_counts_positions_from_the_padding_is_exported(tmp_path):
    require("openvino")
    module = module_of(make_roberta(tmp_path / "roberta"))
    runner = kinds.export_runner("openvino", "f32", module, WINDOWS)
    inputs = batch()
    inputs["input_ids"][inputs["attention_mask"] == 0] = 1
    assert error(runner, module, inputs) < BOUNDS["f32"]


def test_weights_of_bf16_take_half_of_the_space(bert, runner):
    halved = kinds.export_runner("openvino", "bf16", bert, WINDOWS)
    sizes = [len(own.files["model.bin"]) for own in (halved, runner)]
    assert sizes[0] < 0.6 * sizes[1]


def test_no_telemetry_is_sent():
    script = (
        "from spacy_globalpointer.encoders.runners.openvino_runner import *\n"
        "OpenVINORunner.require(OpenVINORunner.for_export)\n"
        "import sys; sys.exit('openvino_telemetry' in sys.modules)\n"
    )
    require("openvino")
    assert subprocess.run([sys.executable, "-c", script]).returncode == 0


def test_threads_hide_the_telemetry_one_after_another(monkeypatch):
    seen = []

    def slow(name):
        seen.append(sys.modules.get("openvino_telemetry", "not hidden"))
        time.sleep(0.01)

    own = object()
    monkeypatch.setitem(sys.modules, "openvino_telemetry", own)
    monkeypatch.setattr(room, "import_module", slow)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(FakeRunner.require, [["x"]] * 16))
    assert seen == [None] * 16
    assert sys.modules["openvino_telemetry"] is own


def test_threads_get_the_vectors_that_they_get_alone(runner):
    inputs = [window(5 + i % 40, i) for i in range(64)]
    expected = [runner(own) for own in inputs]
    with ThreadPoolExecutor(8) as pool:
        for own, alone in zip(pool.map(runner, inputs), expected):
            assert torch.equal(own, alone)


def test_vectors_stay_when_the_next_are_computed(runner):
    first = runner(window(9))
    kept = first.clone()
    runner(window(9, seed=1))
    assert torch.equal(first, kept)


@pytest.mark.parametrize(
    "again", [copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))]
)
def test_a_copied_runner_computes_the_same(again, runner):
    expected = runner(batch())
    assert torch.equal(again(runner)(batch()), expected)


def test_settings_are_explicit(runner):
    runner(batch())
    model = runner._compiled.model
    assert model.get_property("INFERENCE_NUM_THREADS") == torch.get_num_threads()
    assert model.get_property("ENABLE_CPU_PINNING") is False
    assert model.get_property("INFERENCE_PRECISION_HINT").to_string() == "f32"


@pytest.mark.parametrize("make", [make_longformer, make_bigbird])
def test_sparse_attention_is_refused(make, tmp_path):
    require("openvino")
    (tmp_path / "x").mkdir()
    module = module_of(make(tmp_path / "x"))
    with pytest.raises(ValueError, match="GP233.*sparse"):
        kinds.export_runner("openvino", "f32", module, WINDOWS)


@pytest.mark.parametrize("kind", kinds.RUNNERS)
def test_an_encoder_whose_trace_is_wrong_is_refused(kind, bert, monkeypatch):
    require(kind)
    whole = type(bert).forward

    def forward(self, input_ids, attention_mask):
        output = whole(self, input_ids, attention_mask)
        output.last_hidden_state = output.last_hidden_state + int(input_ids.sum())
        return output

    monkeypatch.setattr(type(bert), "forward", forward)
    with pytest.raises(ValueError, match="GP233.*differ"):
        kinds.export_runner(kind, "f32", bert, WINDOWS)


def test_an_encoder_that_cannot_be_traced_is_refused(bert, monkeypatch):
    require("openvino")
    monkeypatch.setattr(type(bert), "forward", lambda self, **inputs: 1 / 0)
    with pytest.raises(ValueError, match="GP233.*cannot be accelerated"):
        kinds.export_runner("openvino", "f32", bert, WINDOWS)


@pytest.mark.parametrize(
    "kind,precision", [("tensorrt", "f32"), ("onnx", "int8"), ("openvino", "fp32")]
)
def test_unknown_runner_or_precision_raises_GP237(kind, precision):
    with pytest.raises(ValueError, match="GP237.*int8-weights"):
        kinds.find_runner(kind, precision)


@pytest.mark.parametrize("kind", kinds.RUNNERS)
def test_a_missing_library_names_the_extra(kind, monkeypatch):
    for name in kinds.RUNNERS[kind].modules:
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(ImportError, match=rf"GP232.*pip install .\.\[{kind}\]"):
        kinds.load_runner(kind, "f32", {})


@pytest.fixture
def forgotten():
    """Forget what is known of the CPU, before a test and after it."""
    cpu._named.cache_clear()
    yield
    cpu._named.cache_clear()


@pytest.mark.parametrize(
    "flags,precision,code",
    [
        ("avx2", "int8", "GPW043"),
        ("avx2 avx_vnni", "int8", None),
        ("avx2", "int8-weights", "GPW044"),
        ("avx512_vnni", "bf16", "GPW044"),
        ("avx512_bf16", "bf16", None),
        ("avx2", "f32", None),
    ],
)
def test_a_cpu_without_the_instructions_is_reported(
    flags, precision, code, tmp_path, monkeypatch, recwarn, forgotten
):
    file = tmp_path / "cpuinfo"
    file.write_text(f"processor\t: 0\nflags\t\t: fpu {flags}\nbugs\t\t:\n")
    monkeypatch.setattr(cpu, "_CPUINFO", file)
    kinds.warn_of_cpu(precision)
    assert [str(own.message)[1:7] for own in recwarn] == ([code] if code else [])


@pytest.fixture
def no_cpuinfo(tmp_path, monkeypatch, forgotten):
    monkeypatch.setattr(cpu, "_CPUINFO", tmp_path / "none")


def test_torch_detects_instructions_without_cpuinfo(no_cpuinfo, monkeypatch):
    for name, has in (("vnni", True), ("avx512_bf16", False), ("amx_tile", False)):
        probe = f"_is_{name}_supported"
        monkeypatch.setattr(torch.cpu, probe, lambda has=has: has, raising=False)
    assert cpu.instructions() == {"avx512_vnni"}
    assert cpu.has_int8() and not cpu.has_bf16()


@pytest.mark.parametrize("precision", ["int8", "int8-weights", "bf16"])
def test_without_cpuinfo_nothing_is_reported(
    precision, no_cpuinfo, monkeypatch, recwarn
):
    for name in cpu._PROBES.values():
        monkeypatch.delattr(torch.cpu, name, raising=False)
    kinds.warn_of_cpu(precision)
    assert not cpu.instructions() and not recwarn
