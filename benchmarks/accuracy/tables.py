"""The tables of compare.py, in Markdown."""

from __future__ import annotations

import statistics
from dataclasses import dataclass, field
from typing import Any, Callable, Dict, Iterable, List, Sequence, Tuple

from runs import Counts, bootstrap, f_score, pool
from scores import TRAINED, Scored

from spacy_globalpointer.evaluation.breakdown import (
    Scores,
    labels_by_size,
    score_all,
    score_by_label,
    score_by_mention,
    score_by_nesting,
)
from spacy_globalpointer.evaluation.matching import MatchedSpan


@dataclass
class System:
    """A system with its runs at the best learning rate, one for each seed.

    name (str): Its name.
    rate (float): The learning rate.
    tried (Dict[str, float]): F1 on dev by learning rate, with the first seed.
    runs (List[Dict[str, Any]]): What `runs.train` returned.
    scored (Dict[str, List[Scored]]): The spans of each run, by split.
    """

    name: str
    rate: float
    tried: Dict[float, float]
    runs: List[Dict[str, Any]]
    scored: Dict[str, List[Scored]] = field(
        default_factory=lambda: {"dev": [], "test": []}
    )
    _thresholds: List[float] = field(default_factory=list)

    @property
    def thresholds(self) -> List[float]:
        """Return the threshold of each run that is best on dev."""
        if not self._thresholds:
            self._thresholds = [own.best_threshold() for own in self.scored["dev"]]
        return self._thresholds

    @property
    def can_nest(self) -> bool:
        """Return whether it is another head than ner, whose spans do not nest and have
        no probability."""
        return split_head(self.name) != "ner"

    @property
    def test(self) -> List[Scored]:
        return self.scored["test"]

    def trained(self) -> List[List[MatchedSpan]]:
        """Return the test spans of each run at the threshold 0.5."""
        return [own.above(TRAINED) for own in self.test]

    def counts(self, tuned: bool, outermost: bool) -> List[List[Counts]]:
        """Count the test spans of each run by document, at 0.5 or dev's threshold."""
        thresholds = self.thresholds if tuned else [TRAINED] * len(self.test)
        return [
            own.count_outermost(threshold) if outermost else own.count(threshold)
            for own, threshold in zip(self.test, thresholds)
        ]


@dataclass
class Comparison:
    """The systems that have been run on a corpus, and what is the same for all.

    name (str): The corpus.
    encoder (str): The encoder.
    splits (Dict[str, Dict[str, Any]]): Counts of `corpora.prepare`.
    updates (int): Updates of a training.
    max_size (int): Tokens of the longest span that spancat suggests.
    longer (Dict[str, Tuple[int, int]]): By split, the gold spans that are longer, and
        all that align with the tokens.
    systems (List[System]): The systems.
    speeds (Dict[str, Any]): Tokens per second in "training" and "prediction".
    """

    name: str
    encoder: str
    splits: Dict[str, Dict[str, Any]]
    updates: int
    max_size: int
    longer: Dict[str, Tuple[int, int]]
    systems: List[System] = field(default_factory=list)
    speeds: Dict[str, Any] = field(default_factory=dict)


def make_tables(comparison: Comparison) -> str:
    """Make all tables of a comparison."""
    systems = comparison.systems
    parts = [
        f"# {comparison.name}",
        describe(comparison),
        "Test documents, means over seeds in percent ± the standard deviation:",
        make_main(comparison),
        notes(comparison),
        "F1 on dev by learning rate, with the first seed:",
        make_rates(systems),
        f"F1 by label, at the threshold {TRAINED}:",
        make_breakdown(systems, score_by_label, by_size=True),
        f"F1 by nesting in gold spans, at the threshold {TRAINED}:",
        make_breakdown(systems, score_by_nesting, by_size=False),
        "F1 of the first gold span with the same words in a document, and of later "
        f"ones, at the threshold {TRAINED}:",
        make_breakdown(systems, score_by_mention, by_size=False),
    ]
    test = comparison.splits["test"]
    if len(systems) > 1:
        parts += [
            f"F1 of {systems[0].name} minus that of the others, 95 % interval of the "
            "paired bootstrap over test documents. Counts are summed over seeds: other "
            "seeds may differ by more.",
            make_intervals(systems, nests=test["outermost"] < test["gold"]),
        ]
    return "\n".join(f"{part.strip()}\n" for part in parts)


def describe(comparison: Comparison) -> str:
    """Describe the corpus and the budget."""
    lines = [f"Encoder {comparison.encoder}, {comparison.updates:,} updates."]
    rows = [["", "documents", "tokens", "gold spans", "unaligned", "outermost"]]
    for split, own in comparison.splits.items():
        keys = ("documents", "tokens", "gold", "unaligned", "outermost")
        rows.append([split, *(f"{own[key]:,}" for key in keys)])
    left_out = {s: own["left_out"] for s, own in comparison.splits.items()}
    if any(left_out.values()):
        found = ", ".join(f"{n} of {split}" for split, n in left_out.items())
        lines.append(
            f"Left out are documents that are empty or not annotated: {found}."
        )
    return "\n".join([*lines, "", markdown(rows)])


def make_main(comparison: Comparison) -> str:
    head = ["system", "rate", "seeds", "dev F1", "P", "R", "F1", "macro F1"]
    head += ["dev's threshold", "F1 with it", "outermost F1", "outermost F1 with it"]
    head += ["minutes", "training, tokens/s", "prediction, tokens/s"]
    rows = [head]
    for system in comparison.systems:
        totals = [score_all(spans) for spans in system.trained()]
        row = [system.name, show_rate(system.rate), str(len(system.runs))]
        row.append(mean(run["dev"] for run in system.runs))
        row += [mean(x.precision for x in totals), mean(x.recall for x in totals)]
        row.append(spread(x.fscore for x in totals))
        row.append(mean(map(macro_f, system.trained())))
        has, thresholds = system.can_nest, system.thresholds
        row.append(", ".join(f"{x:.2f}" for x in thresholds) if has else "")
        row.append(spread(map(f_score, system.counts(True, False))) if has else "")
        row.append(spread(map(f_score, system.counts(False, True))))
        row.append(spread(map(f_score, system.counts(True, True))) if has else "")
        seconds = [run["seconds"] for run in system.runs]
        row.append(f"{statistics.mean(seconds) / 60:.0f}")
        for part in ("training", "prediction"):
            speed = comparison.speeds.get(part, {}).get(system.name)
            row.append("" if speed is None else f"{speed:,.0f}")
        rows.append(row)
    return markdown(rows)


def notes(comparison: Comparison) -> str:
    """Say what the rows of some systems mean."""
    names = [split_head(system.name) for system in comparison.systems]
    lines = []
    if "spancat" in names:
        (longer, total), (missed, _) = (comparison.longer[x] for x in ("train", "test"))
        lines.append(
            f"spancat suggests spans of 1 to {comparison.max_size} tokens, which are "
            f"{100 * (1 - longer / total):.1f} % of the training spans. {missed:,} "
            "test spans are longer and count as missed."
        )
    if "ner" in names:
        test = comparison.splits["test"]
        lines.append(
            "ner cannot nest. It is trained on the outermost spans, "
            f"{test['outermost']:,} of {test['gold']:,} in the test documents, and its "
            "dev F1 is that of the outermost spans. Compare the outermost F1."
        )
    for system in comparison.systems:
        edges = min(system.tried), max(system.tried)
        if len(system.tried) > 1 and system.rate in edges:
            lines.append(
                f"The learning rate of {system.name} is at the edge of those tried: "
                "another one may be better."
            )
    lines.append(
        "Minutes are of a training with its evaluations, and compare only if nothing "
        "else ran. Speeds were measured alternately, with the first seed."
    )
    return "\n".join(f"- {line}" for line in lines)


def make_rates(systems: List[System]) -> str:
    rates = sorted({rate for system in systems for rate in system.tried})
    rows = [["", *map(show_rate, rates)]]
    for system in systems:
        shown = [system.tried.get(rate) for rate in rates]
        rows.append([system.name, *("" if x is None else percent(x) for x in shown)])
    return markdown(rows)


def make_breakdown(
    systems: List[System],
    score_by: Callable[[Sequence[MatchedSpan]], Scores],
    *,
    by_size: bool,
) -> str:
    """Make a table with a row for each bin: its gold spans, and F1 of each system."""
    columns = [[score_by(spans) for spans in own.trained()] for own in systems]
    gold = score_by([s for s in systems[0].test[0].spans if s.is_gold])
    bins = labels_by_size(gold) if by_size else list(gold)
    rows = [["", "gold spans", *(system.name for system in systems)]]
    for name in bins:
        cells = [spread(x[name].fscore for x in column) for column in columns]
        rows.append([name, f"{gold[name].fn + gold[name].tp:,}", *cells])
    return markdown(rows)


def make_intervals(systems: List[System], *, nests: bool) -> str:
    """Make the table of intervals. ner is compared over all spans if none nest."""
    kinds = [(False, False), (True, False), (False, True), (True, True)]
    rows = [
        ["", "all spans", "with dev's thresholds"]
        + ["outermost spans", "outermost, with dev's thresholds"]
    ]
    ours = {kind: pool(systems[0].counts(*kind)) for kind in kinds}
    for system in systems[1:]:
        row = [system.name]
        for kind in kinds:
            _, of_outermost = kind
            if nests and not system.can_nest and not of_outermost:
                row.append("")
                continue
            low, high = bootstrap(ours[kind], pool(system.counts(*kind)))
            row.append(f"{100 * low:+.1f} to {100 * high:+.1f}")
        rows.append(row)
    return markdown(rows)


def split_head(system: str) -> str:
    """Return the head of a system, such as ner of ner@ours."""
    return system.partition("@")[0]


def macro_f(spans: List[MatchedSpan]) -> float:
    """Return the mean F1 of the labels of gold spans."""
    scores = score_by_label(spans).values()
    return statistics.mean(x.fscore for x in scores if x.tp + x.fn)


def show_rate(rate: float) -> str:
    """Write a learning rate, such as 2e-4."""
    digits, exponent = f"{rate:.2e}".split("e")
    return f"{float(digits):g}e{int(exponent)}"


def percent(value: float) -> str:
    return f"{100 * value:.1f}"


def mean(values: Iterable[float]) -> str:
    return percent(statistics.mean(values))


def spread(values: Iterable[float]) -> str:
    """Write a mean, and the standard deviation of more than one value."""
    own = list(values)
    return f"{mean(own)} ± {percent(statistics.stdev(own))}" if own[1:] else mean(own)


def markdown(rows: List[List[str]]) -> str:
    head, *others = (f"| {' | '.join(row)} |" for row in rows)
    return "\n".join([head, "| --- " * len(rows[0]) + "|", *others]) + "\n"
