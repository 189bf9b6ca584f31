"""Annotate files with worker processes. A run that was interrupted continues."""

from __future__ import annotations

import warnings
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from dataclasses import asdict, dataclass, field
from pathlib import Path
from threading import Event, Lock
from typing import TYPE_CHECKING, Any, Dict, Iterator, List, Optional, Set, Tuple, Union

from spacy.util import get_model_meta, get_package_path

from ..benchmarking.processes import ProcessEnded, usable_cpus
from ..corpus.digest import content_digest
from ..errors import Errors, Warnings
from ..values import is_number
from ..wording import number_of
from . import inputs
from .annotate import Record, failed, find_fault
from .inputs import Block
from .output_folder import OutputFolder
from .parts import FORMATS, PARQUET, write_part
from .plan import Input, Plan, make_plan, open_input, read_shards
from .processes import Annotator, Stopped
from .progress import Progress
from .schema import column_names, kept_fields, make_schema, parquet_fields, require
from .settings import ERROR, ID, N_TOKENS, SPANS, Settings, check_number

if TYPE_CHECKING:
    import pyarrow

#: Characters of a shard in millions: a few minutes of a worker.
SHARD_SIZE = 4.0
#: Characters that a worker is asked to annotate at once: a few seconds.
_REQUEST = 100_000
#: Characters that the shortest text counts as, so that a request has a bounded number.
_LEAST = 50


@dataclass
class Summary:
    """Counts of a run, made by `annotate_files`.

    shards (int): Shards of the input.
    shards_before (int): Those that earlier runs had done.
    documents (int): Documents of the input.
    annotated (int): Documents of this run, also those with an error.
    tokens (int): Their tokens.
    spans (int): Their spans.
    errors (int): Documents of this run that were not annotated.
    first_error (Optional[Tuple[str, str]]): Place and error of one of them.
    """

    shards: int = 0
    shards_before: int = 0
    documents: int = 0
    annotated: int = 0
    tokens: int = 0
    spans: int = 0
    errors: int = 0
    first_error: Optional[Tuple[str, str]] = None
    _lock: Lock = field(default_factory=Lock, repr=False)

    def add(self, shard: List[Block], records: List[Record]) -> None:
        """Count the results of a shard."""
        places = (block.place(row) for block in shard for row in range(len(block)))
        with self._lock:
            for place, record in zip(places, records):
                self.annotated += 1
                self.tokens += record[N_TOKENS] or 0
                self.spans += len(record[SPANS])
                if record[ERROR] is not None:
                    self.errors += 1
                    self.first_error = self.first_error or (place, record[ERROR])


def annotate_files(
    pipeline: Union[str, Path],
    path: Union[str, Path],
    output: Union[str, Path],
    *,
    workers: int = 1,
    threads: Optional[int] = None,
    format: str = PARQUET,
    shard_size: float = SHARD_SIZE,
    progress: Optional[str] = None,
    **settings: Any,
) -> Summary:
    """Annotate the documents of files, and write a file of results for each shard.

    If the output folder has results of the same run, the other shards are done.

    pipeline (Union[str, Path]): Folder of the pipeline, or name of a package.
    path (Union[str, Path]): A .jsonl, .csv, .parquet, .spacy or .txt file, or a folder
        of files of one of these kinds.
    output (Union[str, Path]): Folder for the results.
    workers (int): Number of processes, each with a pipeline of its own.
    threads (Optional[int]): Threads of each; None for the CPUs divided by the workers.
    format (str): Format of the results, "parquet" or "jsonl".
    shard_size (float): Million characters of a shard.
    progress (Optional[str]): Text of a progress bar; None shows none.
    **settings: Fields of `Settings`.
    RETURNS (Summary): Counts of the run.
    RAISES (ValueError): GP257 for invalid settings; GP120, GP165 and GP258 to GP265 for
        an input that cannot be read; GP271 to GP273 for an output folder that cannot be
        used; GP244, GP259, GP270 or GP274 for a pipeline that cannot be run.
    RAISES (ImportError): GP275 if pyarrow is missing.
    RAISES (KeyboardInterrupt): Ctrl-C was pressed. Begun shards were finished.
    """
    own = Settings(**settings)
    if not is_number(shard_size) or shard_size * 1e6 < 1:
        fields = {"name": "shard_size", "value": shard_size}
        rule = "a number of million characters, above 0"
        raise ValueError(Errors.GP257.format(**fields, rule=rule))
    shard_chars = int(shard_size * 1e6)
    check_number("workers", workers)
    threads = max(usable_cpus() // workers, 1) if threads is None else threads
    check_number("threads", threads)
    path, output = Path(path), Path(output)
    _check_output(path, output, format)
    folder = OutputFolder(output, f".{format}")
    run = _Run(str(pipeline), open_input(path, own), folder, format)
    with folder.locked():
        run.prepare(shard_chars)
        run.work(workers, threads, progress)
    return run.summary


def _check_output(path: Path, output: Path, format: str) -> None:
    if format not in FORMATS:
        fields = {"name": "format", "value": format}
        raise ValueError(Errors.GP257.format(**fields, rule=f"one of {FORMATS}"))
    if format == PARQUET:
        otherwise = ", or write JSON lines with --format jsonl"
        require("pyarrow", "Writing Parquet", "parquet", otherwise)
    if output.resolve().is_relative_to(path.resolve()):
        reason = f"it is in the input, {path}, so its files would be read"
        raise ValueError(Errors.GP272.format(path=output, reason=reason))


class _Run:
    """A run of `annotate_files`."""

    plan: Plan
    schema: Optional[pyarrow.Schema] = None

    def __init__(
        self, pipeline: str, source: Input, folder: OutputFolder, format: str
    ) -> None:
        self.pipeline, self.source, self.folder = pipeline, source, folder
        self.format = format
        self.id = source.id or ID
        self.summary = Summary()
        self._stopping, self._reading = Event(), Lock()
        self._annotators: List[Annotator] = []
        self._shards: Iterator[Tuple[int, List[Block]]] = iter(())

    def prepare(self, shard_chars: int) -> None:
        """Compare the run with the one whose results are in the folder, or begin it."""
        settings = {**self.source.settings.identity(), "format": self.format}
        settings |= {"id": self.source.id, "shard_chars": shard_chars}
        identity: Dict[str, Dict[str, Any]] = {
            "pipeline": _identify(self.pipeline),
            "settings": settings,
            "input": self.source.identity(),
        }
        manifest = self.folder.read()
        if manifest is not None:
            self.folder.check_same(manifest, identity)
            self.plan = Plan(**manifest["plan"])
        else:
            self.plan = make_plan(self.source, shard_chars)
        identity["schema"] = self._find_schema()
        if manifest is not None:
            self.folder.check_same(manifest, {"schema": identity["schema"]})
        else:
            self.folder.write(identity, asdict(self.plan))
        done = set(self.folder.done())
        self.summary.shards = len(self.plan.shards)
        self.summary.shards_before = len(done)
        self.summary.documents = self.plan.documents

    def _find_schema(self) -> Dict[str, str]:
        head_text, keep = self.source.settings.head_text, self.source.settings.keep
        kept = dict(self.plan.kept)
        fields = None
        if self.source.kind == inputs.PARQUET:
            parquet_fields(self.source.files, [self.source.id])
            fields = parquet_fields(self.source.files, keep)
            kept = {field.name: str(field.type) for field in fields}
        if self.format == PARQUET:
            [id] = kept_fields({self.id: self.plan.id_type})
            fields = fields if fields is not None else kept_fields(kept)
            self.schema = make_schema(id, fields, head_text)
        return column_names(self.id, self.plan.id_type, kept, head_text)

    def work(self, workers: int, threads: int, progress: Optional[str]) -> None:
        """Do the shards that are missing."""
        done = self.folder.done()
        left = [n for n in range(len(self.plan.shards)) if n not in {*done}]
        if not left:
            return
        self._shards = read_shards(self.source, self.plan, done)
        total = sum(self.plan.shards[n][1] for n in left)
        documents = sum(self.plan.shards[n][0] for n in left)
        settings = self.source.settings
        self._annotators = [
            Annotator(self.pipeline, threads, settings)
            for _ in range(min(workers, len(left)))
        ]
        with (
            Progress(total, documents, progress) as self.progress,
            ThreadPoolExecutor(len(self._annotators)) as pool,
        ):
            self._wait([pool.submit(self._work, own) for own in self._annotators])
        self._warn()

    def _warn(self) -> None:
        for message in dict.fromkeys(
            x for own in self._annotators for x in own.warnings
        ):
            warnings.warn(message, stacklevel=2)
        if self.summary.first_error is not None:
            name, reason = self.summary.first_error
            n, total = self.summary.errors, self.summary.annotated
            fields = {"n": n, "total": total, "name": name, "reason": reason}
            warnings.warn(Warnings.GPW053.format(**fields), stacklevel=2)

    def _wait(self, futures: List[Future]) -> None:
        """Wait for the workers. After an error or Ctrl-C, they finish what they have
        begun. A second Ctrl-C ends them."""
        try:
            self._join(futures)
        except BaseException as error:
            self._stopping.set()
            if isinstance(error, KeyboardInterrupt):
                n = len([x for x in futures if not x.done()])
                begun = number_of(n, "shard that is begun", "shards that are begun")
                self.progress.say(f"Finishing {begun}. Ctrl-C again stops at once")
            try:
                while wait(futures, timeout=1).not_done:
                    pass
            except KeyboardInterrupt:
                for annotator in self._annotators:
                    annotator.stop()
            raise

    def _join(self, futures: List[Future]) -> None:
        waiting: Set[Future] = set(futures)
        while waiting:  # a wait without end could not be interrupted on Windows
            ended, waiting = wait(waiting, timeout=1, return_when=FIRST_EXCEPTION)
            for future in ended:
                future.result()

    def _work(self, annotator: Annotator) -> None:
        """Do one shard after another, in a thread of the worker."""
        with annotator:
            while not self._stopping.is_set():
                with self._reading:
                    number, shard = next(self._shards, (-1, []))
                if not shard:
                    return
                annotator.begin_shard()
                try:
                    records = self._annotate(annotator, shard)
                except Stopped:
                    return
                except ProcessEnded as error:
                    raise self._ended(number, error) from error
                path, types = self.folder.part(number), self.plan.kept
                write_part(path, shard, records, self.id, types, self.schema)
                self.summary.add(shard, records)

    def _annotate(self, annotator: Annotator, shard: List[Block]) -> List[Record]:
        """Annotate the texts of a shard, from short to long ones."""
        texts = [text for block in shard for text in block.texts]
        records: Dict[int, Record] = {}
        for row, text in enumerate(texts):
            fault = find_fault(text, self.source.settings.max_chars)
            if fault is not None:
                records[row] = failed(fault)
        self.progress.add([], len(records))
        good = [row for row in range(len(texts)) if row not in records]
        for rows in _requests(
            good, [len(x) if isinstance(x, str) else 0 for x in texts]
        ):
            own = [texts[row] for row in rows]
            found = annotator.annotate(own)
            records.update(zip(rows, found))
            self.progress.add(found, len(rows), sum(map(len, own)))
        return [records[row] for row in range(len(texts))]

    def _ended(self, number: int, error: ProcessEnded) -> ValueError:
        first = sum(rows for rows, _ in self.plan.shards[:number]) + 1
        last = first + self.plan.shards[number][0] - 1
        fields = {"shard": number, "first": first, "last": last, "reason": error}
        return ValueError(Errors.GP274.format(**fields))


def _requests(rows: List[int], sizes: List[int]) -> Iterator[List[int]]:
    """YIELDS (List[int]): Rows of similar sizes, from small to large ones."""
    request: List[int] = []
    room = _REQUEST
    for row in sorted(rows, key=sizes.__getitem__):
        size = max(sizes[row], _LEAST)
        room -= size
        if request and room < 0:
            yield request
            request, room = [], _REQUEST - size
        request.append(row)
    if request:
        yield request


def _identify(pipeline: str) -> Dict[str, Any]:
    """RETURNS (Dict[str, Any]): A digest of the pipeline's files. RAISES (ValueError):
    GP244 if there is no such pipeline."""
    folder = Path(pipeline)
    if not folder.exists():
        try:
            package = get_package_path(pipeline)
            meta = get_model_meta(package)
        except (ImportError, OSError) as error:
            fields = {"pipeline": pipeline, "reason": error}
            raise ValueError(Errors.GP244.format(**fields)) from error
        folder = package / f"{meta['lang']}_{meta['name']}-{meta['version']}"
    return {"digest": content_digest(folder)}
