"""Training and scoring one system once, and keeping its figures in a folder, so that a
benchmark can be interrupted."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Callable, Dict, Iterable, List, Tuple

import numpy
import spacy
from spacy.language import Language
from spacy.tokens import Doc, DocBin, Span
from spacy.training import Corpus, Example
from spacy.util import filter_spans

from spacy_globalpointer.pipeline.scorer import score_spans
from spacy_globalpointer.types import LOST_GOLD

PROJECT = Path(__file__).parents[2]
THRESHOLDS = [i / 20 for i in range(1, 20)]
BOOTSTRAP = 10_000
#: True positives, predicted spans and gold spans of a document.
Counts = Tuple[int, int, int]


def convert(source: Path, output: Path, *options: Any, lang: str) -> Path:
    """Convert a corpus once; the outermost spans become entities for ner."""
    if output.exists():
        return output
    output.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=output.parent) as folder:
        draft = Path(folder) / output.name
        command = ["global-pointer", "convert", source, draft, "--lang", lang]
        spacy_cli(*command, *options, "--allow-loss")
        vocab = spacy.blank(lang).vocab
        for path in draft.glob("*.spacy"):
            docs = list(DocBin().from_disk(path).get_docs(vocab))
            for doc in docs:
                doc.set_ents(filter_spans(doc.spans["sc"]))
            DocBin(docs=docs, store_user_data=True).to_disk(path)
        draft.rename(output)
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
    RETURNS (Dict[str, Any]): `about`, the dev F1, and the training's seconds. The
        script ends if the folder has another run.
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

    done = once(folder / "run.json", run)
    other = {key: done.get(key) for key in about if done.get(key) != about[key]}
    if other:
        sys.exit(f"{folder} has a run with {other}. Remove it, or take another folder.")
    return done


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
        if run["system"] != "ner":
            keep_outermost(examples)
        outermost = score_spans(examples, spans_key="sc")
        return {
            **result,
            "outermost_f": outermost["spans_sc_f"],
            "words_per_second": words / seconds,
            "per_doc": per_doc,
        }

    return {**run, **once(folder / "found.json", scores)}


def keep_outermost(examples: List[Example]) -> None:
    """Keep the outermost spans, of gold and prediction, as ner has them. Gold spans
    that do not align with the tokens, which ner cannot have, are left out."""
    for example in examples:
        example.reference.spans["sc"] = list(example.reference.ents)
        example.reference.user_data.pop(LOST_GOLD, None)
        found = example.predicted
        spans = spans_above(found, 0.0) if "sc" in found.spans else found.ents
        found.spans["sc"] = filter_spans(spans)


def tune_threshold(run: Dict[str, Any], corpus: Path, folder: Path) -> Dict[str, Any]:
    """Add the threshold with the best F1 on the dev documents, and what it gives on
    the test documents. ner has no threshold."""

    def tuned() -> Dict[str, Any]:
        if run["system"] == "ner":
            return {}
        nlp = spacy.load(folder / "model-best")
        [head] = {"global_pointer", "spancat"} & set(nlp.pipe_names)
        nlp.get_pipe(head).cfg["threshold"] = THRESHOLDS[0]
        dev, test = (predict(nlp, corpus / f"{x}.spacy") for x in ("dev", "test"))
        best = max(
            THRESHOLDS,
            key=lambda t: f_score([count(gold, spans_above(x, t)) for gold, x in dev]),
        )
        kept = [(gold, spans_above(found, best)) for gold, found in test]
        per_doc = [count(gold, spans) for gold, spans in kept]
        outermost = [matches(gold.ents, filter_spans(spans)) for gold, spans in kept]
        return {
            "threshold": best,
            "tuned_f": f_score(per_doc),
            "tuned_per_doc": per_doc,
            "tuned_outermost_f": f_score(outermost),
        }

    return {**run, **once(folder / "tuned.json", tuned)}


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


def spans_above(found: Doc, threshold: float) -> List[Span]:
    """The predicted spans that score at least the threshold, the best first."""
    group = found.spans["sc"]
    pairs = sorted(zip(group.attrs["scores"], group), key=lambda pair: -pair[0])
    return [span for score, span in pairs if score >= threshold]


def count(gold: Doc, found: Iterable[Span]) -> Counts:
    """`matches`, with gold spans that do not align with the tokens as missed."""
    right, n_found, n_gold = matches(gold.spans["sc"], found)
    return right, n_found, n_gold + len(gold.user_data.get(LOST_GOLD, []))


def matches(gold: Iterable[Span], found: Iterable[Span]) -> Counts:
    sets = [
        {(span.label_, span.start_char, span.end_char) for span in spans}
        for spans in (gold, found)
    ]
    return len(sets[0] & sets[1]), len(sets[1]), len(sets[0])


def bootstrap(ours: List[Counts], theirs: List[Counts]) -> Tuple[float, float]:
    """The 95 % interval of the difference in F1, over documents, paired."""
    draws, n = numpy.random.default_rng(0), len(ours)
    times = draws.multinomial(n, numpy.full(n, 1 / n), size=BOOTSTRAP)
    scores = []
    for counts in (ours, theirs):
        right, found, gold = (times @ numpy.array(counts)).T
        scores.append(2 * right / numpy.maximum(found + gold, 1))
    low, high = numpy.quantile(scores[0] - scores[1], [0.025, 0.975])
    return float(low), float(high)


def f_score(per_doc: List[Counts]) -> float:
    right, found, gold = (sum(column) for column in zip(*per_doc))
    return 2 * right / (found + gold)


def spacy_cli(*arguments: Any) -> None:
    command = [sys.executable, "-m", "spacy", *map(str, arguments)]
    subprocess.run(command, check=True, cwd=PROJECT)
