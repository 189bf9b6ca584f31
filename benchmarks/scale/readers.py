"""Results in Parquet, read by other programs and not by this package.

    python benchmarks/scale/readers.py RESULTS

RESULTS is the output folder of `annotate`. Each library counts documents and spans, and
names the types of the columns. Needs pandas, polars, duckdb and datasets.
"""

from __future__ import annotations

import argparse
from typing import Any, Callable, Dict, Tuple

Counts = Tuple[int, int, Any]


def by_pandas(folder: str) -> Counts:
    import pandas

    frame = pandas.read_parquet(folder)
    return len(frame), int(frame["spans"].map(len).sum()), dict(frame.dtypes.map(str))


def by_polars(folder: str) -> Counts:
    import polars

    frame = polars.read_parquet(f"{folder}/*.parquet")
    return len(frame), frame["spans"].list.len().sum(), dict(frame.schema)


def by_duckdb(folder: str) -> Counts:
    import duckdb

    table = f"from '{folder}/*.parquet'"
    counts = duckdb.sql(f"select count(*), sum(len(spans)) {table}")
    [(rows, spans)] = counts.fetchall()
    return rows, int(spans), duckdb.sql(f"select * {table} limit 1").types


def by_datasets(folder: str) -> Counts:
    import datasets

    files = f"{folder}/*.parquet"
    data = datasets.load_dataset("parquet", data_files=files, split="train")
    return len(data), sum(map(len, data["spans"])), data.features


READERS: Dict[str, Callable[[str], Counts]] = {
    "pandas": by_pandas,
    "polars": by_polars,
    "DuckDB": by_duckdb,
    "datasets": by_datasets,
}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("results")
    args = parser.parse_args()
    print("| | documents | spans | types |\n| --- | --- | --- | --- |")
    for name, read in READERS.items():
        rows, spans, types = read(args.results)
        print(f"| {name} | {rows:,} | {spans:,} | {types} |", flush=True)


if __name__ == "__main__":
    main()
