"""Which precision is taken, and what an encoder computes in it."""

from __future__ import annotations

from subprocess import TimeoutExpired
from types import SimpleNamespace

import numpy
import pytest
import spacy
import torch
from helpers import TEXTS, fit, make_examples
from small_encoders import make_bert

from spacy_globalpointer.encoders import precision
from spacy_globalpointer.encoders.precision import (
    bf16_gain,
    choose_precision,
    measure_bf16_gain,
)
from spacy_globalpointer.encoders.transformer_model import get_shim

CPU = torch.device("cpu")


@pytest.fixture
def gain(monkeypatch):
    def set_gain(value):
        monkeypatch.setattr(precision, "bf16_gain", lambda device_type: value)
        precision._decide.cache_clear()

    yield set_gain
    precision._decide.cache_clear()


@pytest.mark.parametrize(
    "name,value,expected",
    [
        ("auto", 0.0, torch.float32),
        ("auto", 0.9, torch.float32),
        ("auto", 2.0, torch.bfloat16),
        ("bf16", 0.9, torch.bfloat16),
        ("fp32", 9.0, torch.float32),
    ],
)
def test_precision_is_chosen_by_name_and_gain(gain, name, value, expected):
    gain(value)
    assert choose_precision(name, CPU) == expected


def test_precision_that_does_not_work_is_an_error(gain):
    gain(0.0)
    with pytest.raises(ValueError, match="GP031.*bf16.*cpu"):
        choose_precision("bf16", CPU)
    with pytest.raises(ValueError, match="GP030"):
        choose_precision("half", CPU)


def test_auto_is_decided_once_and_logged(gain, caplog):
    gain(2.0)
    precision._decide.cache_clear()
    with caplog.at_level("INFO", logger="spacy"):
        for _ in range(2):
            assert choose_precision("auto", CPU) == torch.bfloat16
    assert [r.getMessage() for r in caplog.records] == [
        "precision = auto: torch.bfloat16 (bfloat16 is 2.0 times as fast as float32 "
        "on cpu)"
    ]


@pytest.fixture
def listed(monkeypatch, tmp_path):
    """A processor that lists bfloat16, and an empty cache."""
    supported = SimpleNamespace(_is_mkldnn_bf16_supported=lambda: True)
    monkeypatch.setattr(precision.torch.ops, "mkldnn", supported)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path / "spacy-globalpointer" / "bf16.json"


def test_crash_of_a_bf16_probe_is_survived(monkeypatch, listed):
    monkeypatch.setattr(precision, "_PROBE", "import os; os.abort()")
    assert measure_bf16_gain() == 0


@pytest.mark.parametrize("error", [TimeoutExpired("probe", 60), OSError, TypeError])
def test_a_probe_that_cannot_run(monkeypatch, listed, error):
    def fail(*args, **kwargs):
        raise error

    monkeypatch.setattr(precision.subprocess, "run", fail)
    assert measure_bf16_gain() == 0


def test_measurement_is_stored_until_the_next_start_of_the_machine(monkeypatch, listed):
    monkeypatch.setattr(precision, "_PROBE", "print(2.5)")
    assert measure_bf16_gain() == 2.5
    monkeypatch.setattr(precision, "_PROBE", "print(3.5)")
    assert measure_bf16_gain() == 2.5
    assert [path.name for path in listed.parent.iterdir()] == ["bf16.json"]
    monkeypatch.setattr(precision, "_boot", lambda: "another start")
    assert measure_bf16_gain() == 3.5
    listed.write_text("{", encoding="utf-8")
    monkeypatch.setattr(precision, "_PROBE", "print(4.5)")
    assert measure_bf16_gain() == 4.5


def test_measurements_of_other_versions_of_torch_are_kept(monkeypatch, listed):
    """Two environments would otherwise measure in turns."""
    for version, factor in (("2.6.0", 2.5), ("2.13.0", 3.5)):
        monkeypatch.setattr(precision.torch, "__version__", version)
        monkeypatch.setattr(precision, "_PROBE", f"print({factor})")
        assert measure_bf16_gain() == factor
    monkeypatch.setattr(precision.torch, "__version__", "2.6.0")
    assert measure_bf16_gain() == 2.5
    monkeypatch.setattr(precision, "_boot", lambda: "another start")
    assert measure_bf16_gain() == 3.5
    assert listed.read_text("utf-8").count("torch") == 1


def test_no_start_is_known_and_no_cache_can_be_written(monkeypatch, listed):
    monkeypatch.setattr(precision, "_PROBE", "print(2.5)")
    monkeypatch.setattr(precision, "_boot", lambda: "")
    assert measure_bf16_gain() == 2.5 and not listed.exists()
    monkeypatch.setattr(precision, "_boot", lambda: "now")
    listed.parent.write_text("no folder", encoding="utf-8")
    assert measure_bf16_gain() == 2.5


def test_a_failed_measurement_is_not_kept(monkeypatch, listed):
    monkeypatch.setattr(precision, "_PROBE", "import os; os.abort()")
    assert measure_bf16_gain() == 0 and not listed.exists()
    monkeypatch.setattr(precision, "_PROBE", "print(2.5)")
    assert measure_bf16_gain() == 2.5


@pytest.mark.parametrize("value", [0.0, "nan", "[]", '"2.5"', "true", -1.0, None])
def test_invalid_stored_measurement_is_repeated(monkeypatch, listed, value):
    monkeypatch.setattr(precision, "_PROBE", "print(2.5)")
    measure_bf16_gain()
    text = listed.read_text(encoding="utf-8").replace("2.5", str(value))
    listed.write_text(text, encoding="utf-8")
    monkeypatch.setattr(precision, "_PROBE", "print(3.5)")
    assert measure_bf16_gain() == 3.5


@pytest.mark.parametrize("output", ["nan", "inf", "-1", "", "fast"])
def test_output_of_a_probe_that_is_not_a_factor_is_ignored(monkeypatch, listed, output):
    monkeypatch.setattr(precision, "_PROBE", f"print({output!r})")
    assert measure_bf16_gain() == 0 and not listed.exists()


def test_no_module_of_the_current_folder_is_run(monkeypatch, listed, tmp_path):
    witness = tmp_path / "witness"
    for name in ("torch", "time", "sitecustomize"):
        (tmp_path / f"{name}.py").write_text(f"open({str(witness)!r}, 'w')")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    assert measure_bf16_gain() > 0
    assert not witness.exists()


def test_torch_on_an_unusual_path_is_found(monkeypatch, listed, tmp_path):
    """As where PYTHONPATH names it, which an isolated process does not read."""
    (tmp_path / "elsewhere" / "mine").mkdir(parents=True)
    file = tmp_path / "elsewhere" / "mine" / "__init__.py"
    file.write_text("gain = 4.5")
    monkeypatch.setattr(precision.torch, "__file__", str(file))
    probe = precision._PROBE.partition("import torch")[0]
    monkeypatch.setattr(precision, "_PROBE", f"{probe}import mine; print(mine.gain)")
    assert measure_bf16_gain() == 4.5


@pytest.mark.parametrize("native,expected", [(True, 2.0), (False, 0.5)])
def test_emulated_bf16_of_a_gpu_does_not_count(monkeypatch, native, expected):
    def is_supported(including_emulation):
        return native or including_emulation

    monkeypatch.setattr(torch.cuda, "is_bf16_supported", is_supported)
    assert precision._measure.__wrapped__("cuda") == expected


def test_this_machine_is_probed():
    assert bf16_gain("cpu") >= 0
    assert bf16_gain("mps") == 0


def build(folder, precision):
    nlp = spacy.blank("en")
    model = {"@architectures": "spacy-globalpointer.TransformerModel.v1"}
    model |= {"name": str(folder), "precision": precision, "context": 4}
    nlp.add_pipe("transformer", config={"model": model})
    nlp.add_pipe("global_pointer")
    return nlp


# Whether or not this machine's products work: torch adds up small ones by itself.
@pytest.fixture
def no_products_of_the_machine():
    with torch.backends.mkldnn.flags(enabled=False):
        yield


def test_bf16_on_a_cpu_is_close_to_fp32(gain, tmp_path, no_products_of_the_machine):
    gain(1.0)
    make_bert(tmp_path)
    examples = make_examples(build(tmp_path, "fp32"))
    arrays, losses = [], []
    for name in ("fp32", "bf16"):
        spacy.util.fix_random_seed(0)
        nlp = build(tmp_path, name)
        nlp.initialize(lambda: examples)
        arrays.append(nlp(TEXTS[0])._.trf_data.tensors[0])
        losses.append([fit(nlp, examples, n)["global_pointer"] for n in (1, 30)])
        shim = get_shim(nlp.get_pipe("transformer").model)
        assert {p.dtype for p in shim._model.parameters()} == {torch.float32}
    assert {array.dtype for array in arrays} == {numpy.dtype("float32")}
    assert numpy.allclose(*arrays, atol=0.1) and not numpy.array_equal(*arrays)
    assert abs(losses[0][0] - losses[1][0]) < 0.05 * losses[0][0]
    assert losses[1][1] < losses[1][0] / 2


class HalfScaler:
    """What a GPU's gradient scaler does to gradients."""

    scale_factor = 1024.0
    found_inf = False

    def scale(self, tensors, inplace=False):
        return [x * self.scale_factor for x in tensors]

    def unscale(self, tensors):
        self.found_inf = not all(x.isfinite().all() for x in tensors)
        for x in tensors:
            x.div_(self.scale_factor)
        return self.found_inf

    def update(self):
        self.found_inf = False

    def to_(self, device):
        return self


def test_scaled_gradients_of_several_batches_add_up(tmp_path):
    """As with `accumulate_gradient` and fp16."""
    make_bert(tmp_path)
    examples = make_examples(build(tmp_path, "fp32"))
    weights = []
    for scaler in (None, HalfScaler()):
        spacy.util.fix_random_seed(0)
        nlp = build(tmp_path, "fp32")
        sgd = nlp.initialize(lambda: examples)
        shim = get_shim(nlp.get_pipe("transformer").model)
        before = [p.detach().clone() for p in shim._model.parameters()]
        if scaler is not None:
            shim._grad_scaler = scaler
        for part in (examples[:1], examples[1:2]):
            nlp.update(part, sgd=False)
        for _, component in nlp.pipeline:
            component.finish_update(sgd)
        weights.append([p.detach().clone() for p in shim._model.parameters()])
    moved = [not torch.equal(p, q) for p, q in zip(before, weights[0])]
    assert sum(moved) > 20
    for one, other in zip(*weights):
        assert torch.allclose(one, other, atol=1e-5)


def test_an_overflow_skips_the_update(tmp_path):
    nlp = build(make_bert(tmp_path), "fp32")
    examples = make_examples(nlp)
    sgd = nlp.initialize(lambda: examples)
    shim = get_shim(nlp.get_pipe("transformer").model)
    shim._grad_scaler = HalfScaler()
    shim._grad_scaler.scale_factor = float("inf")
    before = shim.to_bytes()
    nlp.update(examples, sgd=False)
    shim.finish_update(sgd)
    assert shim.to_bytes() == before
    assert not any(p.grad.any() for p in shim._model.parameters() if p.grad is not None)


def test_copies_follow_the_weights(gain, tmp_path, no_products_of_the_machine):
    gain(1.0)
    nlp = build(make_bert(tmp_path), "bf16")
    examples = make_examples(nlp)
    sgd = nlp.initialize(lambda: examples)
    before = nlp(TEXTS[0])._.trf_data.tensors[0]
    for _ in range(2):  # nlp.update lags behind by one step for a transformer
        nlp.update(examples, sgd=sgd)
    after = nlp(TEXTS[0])._.trf_data.tensors[0]
    assert not numpy.array_equal(before, after)
    shim = get_shim(nlp.get_pipe("transformer").model)
    zeros = {
        (shim.id, name): numpy.zeros(tuple(p.shape), dtype="float32")
        for name, p in shim._model.named_parameters()
    }
    with pytest.raises(KeyboardInterrupt), nlp.use_params(zeros):
        assert not nlp(TEXTS[0])._.trf_data.tensors[0].any()
        raise KeyboardInterrupt
    assert numpy.array_equal(nlp(TEXTS[0])._.trf_data.tensors[0], after)
    again = spacy.blank("en").from_config(nlp.config)
    again.from_bytes(nlp.to_bytes())
    assert numpy.array_equal(again(TEXTS[0])._.trf_data.tensors[0], after)
