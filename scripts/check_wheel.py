"""Check that a packaged pipeline works elsewhere.

    python scripts/check_wheel.py PIPELINE WHEEL CORPUS.spacy

Installs the wheel and this project in a fresh virtual environment, moves the
encoder's folder away, blocks all sockets, and compares the spans and the bits of
their scores with those of the pipeline here, on ten documents. There, two processes
must find the same spans.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Dict, List

import spacy
from spacy.tokens import DocBin

PROJECT = Path(__file__).parent.parent
DOCUMENTS = 10

PREDICT = """
import json, socket, sys
def blocked(*args, **kwargs):
    raise OSError("no network here")
socket.socket.connect = socket.socket.connect_ex = blocked
socket.getaddrinfo = socket.create_connection = blocked
import spacy
nlp = spacy.load(sys.argv[1])
with open(sys.argv[2], encoding="utf-8") as file:
    texts = json.load(file)
results = []
for doc in nlp.pipe(texts, batch_size=4):
    group = doc.spans["sc"]
    places = [(span.start_char, span.end_char, span.label_) for span in group]
    scores = [float(score).hex() for score in group.attrs["scores"]]
    results.append(list(zip(places, scores)))
places = [[place for place, _ in own] for own in results]
assert places == [
    [(span.start_char, span.end_char, span.label_) for span in doc.spans["sc"]]
    for doc in nlp.pipe(texts, batch_size=4, n_process=2)
]
with open(sys.argv[3], "w", encoding="utf-8") as file:
    json.dump(results, file)
"""


def check(pipeline: Path, wheel: Path, texts: List[str]) -> int:
    """Compare a pipeline with its wheel.

    pipeline (Path): The folder that was packaged.
    wheel (Path): The wheel that `spacy package` made of it.
    texts (List[str]): The texts to compare on.
    RETURNS (int): The number of spans compared, all of them equal.
    RAISES (SystemExit): If any span or score differs.
    """
    encoder = Path(spacy.util.load_config(pipeline / "config.cfg")["paths"]["encoder"])
    with TemporaryDirectory() as temporary:
        folder = Path(temporary)
        (folder / "texts.json").write_text(json.dumps(texts), encoding="utf-8")
        expected = predict(Path(sys.executable), str(pipeline.resolve()), folder)
        away = encoder.with_name(f"{encoder.name}.away")
        if encoder.exists():
            encoder.rename(away)
        try:
            python = fresh_environment(folder / "env", wheel)
            name = "_".join(wheel.name.split("-")[0].split("_"))
            found = predict(python, name, folder)
        finally:
            if away.exists():
                away.rename(encoder)
    if found != expected:
        sys.exit(f"{wheel} does not give the spans of {pipeline}.")
    return sum(map(len, found))


def predict(python: Path, model: str, folder: Path) -> List[Dict[str, Any]]:
    """Spans and scores of the texts, from a process without network."""
    texts, results = folder / "texts.json", folder / "results.json"
    command = [str(python), "-I", "-c", PREDICT, model, str(texts), str(results)]
    subprocess.run(command, check=True, cwd=folder, timeout=600)
    return json.loads(results.read_text(encoding="utf-8"))


def fresh_environment(folder: Path, wheel: Path) -> Path:
    """Make an environment with the wheel and this project. RETURNS: Its Python."""
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    python = folder / "bin/python"
    pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    constraints = ["--constraint", PROJECT / "constraints.txt"]
    subprocess.run([*pip, *constraints, "torch"], check=True)
    subprocess.run([*pip, *constraints, PROJECT, wheel.resolve()], check=True)
    return python


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("pipeline", type=Path)
    parser.add_argument("wheel", type=Path)
    parser.add_argument("corpus", type=Path)
    args = parser.parse_args()
    docs = DocBin().from_disk(args.corpus).get_docs(spacy.blank("en").vocab)
    texts = [doc.text for doc in docs][:DOCUMENTS]
    spans = check(args.pipeline, args.wheel, texts)
    print(f"{len(texts)} documents, {spans} spans: labels, places and scores equal.")
