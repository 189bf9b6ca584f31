"""A program of Ray Data that is killed, and continues with Ray's checkpoint.

    python benchmarks/scale/ray_checkpoint.py PIPELINE OUTPUT --short WNUT.spacy \
        --long LITBANK.spacy

The documents are annotated by the command and by Ray with two actors. Ray's program is
killed (kill -9) `--kills` times, at moments that `--seed` chooses, and started again.
Then the two tables are compared. Needs the extra `ray`.
"""

from __future__ import annotations

import argparse
import random
import shutil
import subprocess
import sys
from contextlib import suppress

from documents import add_arguments, annotate, make_documents, places

PROGRAM = """
import sys
import ray
from spacy_globalpointer.scale.ray_data import annotate
pipeline, source, results, notes = sys.argv[1:]
ray.init(num_cpus=4, include_dashboard=False, log_to_driver=False)
documents = ray.data.read_parquet(source, override_num_blocks=40)
spans = annotate(documents, pipeline, workers=2, batch_size=50, checkpoint=notes)
spans.write_parquet(results)
"""


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add_arguments(parser, 5_000)
    parser.add_argument("--kills", type=int, default=5)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--earliest", type=float, default=20, help="second of a kill")
    parser.add_argument("--latest", type=float, default=120)
    args = parser.parse_args()
    import pyarrow.json
    from pyarrow import parquet

    source, table = make_documents(args), args.output / "documents.parquet"
    options = pyarrow.json.ReadOptions(block_size=2**30)
    parquet.write_table(pyarrow.json.read_json(source, options), table)
    own, results, notes = (args.output / x for x in ("own", "ray", "notes"))
    for folder in (own, results, notes):
        shutil.rmtree(folder, ignore_errors=True)
    annotate(args.pipeline, table, own, "-w", 2, "-n", 1)
    words = [sys.executable, "-c", PROGRAM, args.pipeline, table, results, notes]
    words = [str(word) if word is not PROGRAM else word for word in words]
    chance, kills = random.Random(args.seed), 0
    while kills < args.kills:
        with subprocess.Popen(words) as process:
            with suppress(subprocess.TimeoutExpired):
                process.wait(chance.uniform(args.earliest, args.latest))
                break
            process.kill()
            kills += 1
    else:
        subprocess.run(words, check=True)
    wanted = {row["id"]: row for row in parquet.read_table(own).to_pylist()}
    rows = parquet.read_table(results).to_pylist()
    found = {row["id"]: row for row in rows}
    differing = sum(places(found[i]) != places(wanted[i]) for i in found)
    print(
        f"{kills} kills; {len(wanted):,} documents, {len(rows):,} rows: "
        f"{len(wanted.keys() - found.keys())} lost, {len(rows) - len(found)} doubled, "
        f"{differing} different"
    )


if __name__ == "__main__":
    main()
