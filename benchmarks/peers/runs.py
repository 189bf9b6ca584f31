"""Training and scoring one system once, and keeping its figures in a folder, so that a
benchmark can be interrupted."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Callable, Dict, Iterable, List, Tuple

import spacy
from spacy.language import Language
from spacy.tokens import Doc, DocBin, Span
from spacy.training import Corpus, Example
from spacy.util import filter_spans

from spacy_globalpointer.pipeline.scorer import score_spans
from spacy_globalpointer.types import LOST_GOLD

PROJECT = Path(__file__).parents[2]
THRESHOLDS = [i / 20 for i in range(1, 20)]
#: True positives, predicted spans and gold spans of a document.
Counts = Tuple[int, int, int]


def convert(source: Path, output: Path, *options: Any, lang: str) -> Path:
    """Convert a corpus once; the outermost spans become entities for ner."""
    if not output.exists():
        command = ["global-pointer", "convert", source, output, "--lang", lang]
        spacy_cli(*command, *options, "--allow-loss")
        vocab = spacy.blank(lang).vocab
        for path in output.glob("*.spacy"):
            docs = list(DocBin().from_disk(path).get_docs(vocab))
            for doc in docs:
                doc.set_ents(filter_spans(doc.spans["sc"]))
            DocBin(docs=docs, store_user_data=True).to_disk(path)
    return output


def train(
    folder: Path,
    config: Path,
    corpus: Path,
    settings: Dict[str, Any],
    about: Dict[str, Any],
) -> Dict[str, Any]:
    """Train one system once, in a folder.

    settings (Dict[str, Any]): Overrides of the config.
    about (Dict[str, Any]): What tells this run from others.
    RETURNS (Dict[str, Any]): `about`, the dev F1, and the training's seconds.
    """

    def run() -> Dict[str, Any]:
        paths = {f"paths.{x}": corpus / f"{x}.spacy" for x in ("train", "dev")}
        options = [
            word
            for place, value in {**settings, **paths}.items()
            for word in (f"--{place}", value)
        ]
        start = time.perf_counter()
        spacy_cli("train", config, "--output", folder, *options)
        seconds = time.perf_counter() - start
        meta = json.loads((folder / "model-best/meta.json").read_text("utf-8"))
        scores = meta["performance"]
        dev = scores["ents_f" if "ents_f" in scores else "spans_sc_f"]
        return {**about, "dev": dev, "seconds": seconds}

    return once(folder / "run.json", run)


def evaluate(run: Dict[str, Any], corpus: Path, folder: Path) -> Dict[str, Any]:
    """Add test scores, and the counts per document that the bootstrap needs. Those of
    ner are of the outermost spans."""

    def scores() -> Dict[str, Any]:
        nlp = spacy.load(folder / "model-best")
        examples = list(Corpus(corpus / "test.spacy")(nlp))
        start = time.perf_counter()
        for example, doc in zip(
            examples, nlp.pipe([eg.reference.text for eg in examples], batch_size=16)
        ):
            example.predicted = doc
        seconds = time.perf_counter() - start
        if run["system"] == "ner":
            keep_outermost(examples)
        result = score_spans(examples, spans_key="sc")
        words = sum(len(eg.reference) for eg in examples)
        per_doc = [count(eg.reference, eg.predicted.spans["sc"]) for eg in examples]
        keep_outermost(examples)
        outermost = score_spans(examples, spans_key="sc")
        return {
            **result,
            "outermost_f": outermost["spans_sc_f"],
            "words_per_second": words / seconds,
            "per_doc": per_doc,
        }

    return {**run, **once(folder / "test.json", scores)}


def keep_outermost(examples: List[Example]) -> None:
    """Keep the outermost spans, of gold and prediction, as ner has them. Of gold spans
    that do not align with the tokens, none is outermost: they are not counted."""
    for example in examples:
        for doc in (example.reference, example.predicted):
            spans = [*doc.ents, *doc.spans.get("sc", [])]
            doc.spans["sc"] = filter_spans(spans)
        example.reference.user_data.pop(LOST_GOLD, None)


def tune_threshold(run: Dict[str, Any], corpus: Path, folder: Path) -> Dict[str, Any]:
    """Add the threshold with the best F1 on the dev documents, and what it gives on
    the test documents. ner has no threshold."""

    def tuned() -> Dict[str, Any]:
        if run["system"] == "ner":
            return {}
        nlp = spacy.load(folder / "model-best")
        nlp.get_pipe(nlp.pipe_names[-1]).cfg["threshold"] = THRESHOLDS[0]
        scores = {
            split: [
                [counts_above(gold, found, t) for t in THRESHOLDS]
                for gold, found in predict(nlp, corpus / f"{split}.spacy")
            ]
            for split in ("dev", "test")
        }
        dev = [f_score(list(at)) for at in zip(*scores["dev"])]
        best = dev.index(max(dev))
        per_doc = [per_doc[best] for per_doc in scores["test"]]
        return {
            "threshold": THRESHOLDS[best],
            "tuned_f": f_score(per_doc),
            "tuned_per_doc": per_doc,
        }

    return {**run, **once(folder / "threshold.json", tuned)}


def once(path: Path, function: Callable[[], Dict[str, Any]]) -> Dict[str, Any]:
    """What a function gives, read from a file if it has been called before."""
    if not path.exists():
        text = json.dumps(function())
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return json.loads(path.read_text(encoding="utf-8"))


def predict(nlp: Language, path: Path) -> List[Tuple[Doc, Doc]]:
    """Gold and predicted documents."""
    gold = [example.reference for example in Corpus(path)(nlp)]
    return list(zip(gold, nlp.pipe([doc.text for doc in gold], batch_size=16)))


def counts_above(gold: Doc, found: Doc, threshold: float) -> Counts:
    """`count`, of the predicted spans that score at least the threshold."""
    group = found.spans["sc"]
    spans = [s for s, p in zip(group, group.attrs["scores"]) if p >= threshold]
    return count(gold, spans)


def count(gold: Doc, found: Iterable[Span]) -> Counts:
    sets = [
        {(span.label_, span.start_char, span.end_char) for span in spans}
        for spans in (gold.spans["sc"], found)
    ]
    lost = len(gold.user_data.get(LOST_GOLD, []))
    return len(sets[0] & sets[1]), len(sets[1]), len(sets[0]) + lost


def f_score(per_doc: List[Counts]) -> float:
    right, found, gold = (sum(column) for column in zip(*per_doc))
    return 2 * right / (found + gold)


def spacy_cli(*arguments: Any) -> None:
    command = [sys.executable, "-m", "spacy", *map(str, arguments)]
    subprocess.run(command, check=True, cwd=PROJECT)
