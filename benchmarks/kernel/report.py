"""Table and plot of the kernel's rows."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Dict, List, Tuple

Row = Dict[str, Any]
MIB = 2**20


def write_report(rows: List[Row], output: Path) -> None:
    """Write table.md and, of single documents with 9 labels, kernel.png."""
    parts = [_table(rows, what) for what in ("loss", "search", "trained")]
    parts.append(_band_table(rows))
    (output / "table.md").write_text("\n".join(filter(None, parts)), encoding="utf-8")
    _plot(rows, output / "kernel.png")


def _table(rows: List[Row], what: str) -> str:
    head = ["what", "head", "documents", "labels", "ours, ms", "dense / ours"]
    head += ["bert4torch / ours", "ours / products", "MiB ours", "MiB dense"]
    lines = [head, ["---"] * len(head)]
    for row in rows:
        if row["what"] != what:
            continue
        seconds, peaks = row["seconds"], row.get("peak_bytes", {})
        lengths, ours = row["lengths"], seconds["ours"]
        many = f"{len(lengths)}, {min(lengths)} to {max(lengths)} tokens"
        one = f"{lengths[0]:,} tokens"
        if "found" in row:
            one += f", {row['found']} spans, none over {row['band']} tokens"
        line = [
            what,
            "efficient" if row["shared"] else "GlobalPointer",
            one if len(lengths) == 1 else many,
            str(row["n_labels"]),
            f"{1000 * ours:.1f}",
            _ratio(seconds.get("dense"), ours),
            _ratio(
                seconds.get("bert4torch from vectors"), seconds.get("ours from vectors")
            ),
            _ratio(ours, seconds["limit"], 2),
        ]
        line += [
            f"{peaks[name] / MIB:,.0f}" if name in peaks else ""
            for name in ("ours", "dense")
        ]
        lines.append(line)
    return _markdown(lines) if len(lines) > 2 else ""


def _band_table(rows: List[Row]) -> str:
    lines = [["tokens", "seconds", "MiB"], ["---"] * 3]
    for row in rows:
        if row["what"] == "band":
            peaks = row["peak_bytes"]
            peak = f"{peaks['ours'] / MIB:,.0f}" if peaks else ""
            seconds = f"{row['seconds']['ours']:.2f}"
            lines.append([f"{int(row['shape']):,}", seconds, peak])
    return _markdown(lines) if len(lines) > 2 else ""


def _ratio(one: Any, other: Any, digits: int = 1) -> str:
    return f"{one / other:.{digits}f}" if one and other else ""


def _markdown(lines: List[List[str]]) -> str:
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


def _plot(rows: List[Row], path: Path) -> None:
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(1, 2, figsize=(10, 4.2))
    titles = {"loss": "Loss with gradient", "search": "Search"}
    names = {"dense": "textbook form", "ours": "this kernel", "limit": "its products"}
    colours = {"dense": "#b04a3a", "ours": "#1f5fa8", "limit": "#999999"}
    for ax, (what, title) in zip(axes, titles.items()):
        for name, label in names.items():
            points = _points(rows, what, name)
            style = "--" if name == "limit" else "o-"
            ax.plot(*zip(*points), style, color=colours[name], label=label, ms=4)
        ax.set(xscale="log", yscale="log", title=title, xlabel="tokens")
        ticks = [n for n, _ in _points(rows, what, "ours")]
        ax.set_xticks(ticks, [f"{n:,}" for n in ticks], rotation=45, fontsize=8)
        ax.minorticks_off()
        ax.grid(alpha=0.3)
    axes[0].set_ylabel("seconds")
    axes[0].legend(frameon=False)
    figure.suptitle("GlobalPointer, 9 labels, width 64, float32", fontsize=11)
    figure.tight_layout()
    figure.savefig(path, dpi=150)


def _points(rows: List[Row], what: str, name: str) -> List[Tuple[int, float]]:
    return sorted(
        (row["lengths"][0], row["seconds"][name])
        for row in rows
        if row["what"] == what
        and not row["shared"]
        and row["shape"] == f"{row['lengths'][0]}x9"
        and name in row["seconds"]
    )
