"""Changes to the memory of a component in a saved pipeline."""

from __future__ import annotations

import shutil
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Dict, Iterable, Iterator, List, NamedTuple, Optional, Tuple

from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Corpus, Example
from tqdm import tqdm

from ..atomic import (
    atomic_folder,
    clear_drafts,
    drafts_beside,
    hidden_file,
    home_of_drafts,
    move_into,
)
from ..corpus.docbin import FORMAT, SUFFIXES, parse_docs
from ..corpus.formats.files import SourceFile, find_files, read_bytes
from ..errors import Errors
from ..evaluation.predictions import find_component
from ..locks import hold_lock
from ..machine_faults import FORBIDDEN
from ..pipeline.global_pointer import GlobalPointer
from ..pipeline.storage import MEMORY
from ..pipeline.weights_digest import same_weights, weights_digest
from .write_settings import check_folders

#: File of a component that is moved away first and back last while the files of its
#: memory are replaced. A pipeline without it does not load, so it is never loaded with
#: a part of a memory.
LAST = "cfg"


class Remembered(NamedTuple):
    """What `remember_files` did.

    new (int): Number of entries that are new.
    documents (int): Number of documents of the files.
    left_out (int): Number of those that are not annotated.
    """

    new: int
    documents: int
    left_out: int


@contextmanager
def open_pipeline(
    model: Path, component: str, output: Optional[Path] = None
) -> Iterator[None]:
    """Check that a saved pipeline can be written, and lock it against other processes
    that would change a memory of it. Enter this before the pipeline is loaded.

    If a process was killed while it replaced the memory, the files that it moved are
    restored, with a warning. For a copy, the pipeline is locked only meanwhile.

    model (Path): Folder of the pipeline.
    component (str): Name of the component.
    output (Optional[Path]): Folder for a copy; None for no copy.
    RAISES (ValueError): GP134, GP042 or GP135, as `check_folders`; GP126 if another
        process or thread has locked the pipeline, and as `restore_memory`.
    """
    check_folders(model, output)
    if output is not None:
        restore_memory(model, component)
        yield
        return
    with _restored(model, component):
        yield


def restore_memory(model: Path, component: str) -> None:
    """Restore the files that a killed process moved while it replaced the memory, with
    a warning, before the pipeline is only read. Without such files, nothing is locked
    or written.

    model (Path): Folder of the pipeline.
    component (str): Name of the component.
    RAISES (ValueError): GP126 if the pipeline cannot be loaded now, because another
        process or thread is writing to it.
    RAISES (OSError): The files must be restored, but the folder is read-only.
    """
    own = model.resolve() / component
    prefix = hidden_file(own, "", own).name
    homes = (home for home in _homes(own) if home.is_dir())
    if not any(x.name.startswith(prefix) for home in homes for x in home.iterdir()):
        return
    try:
        with _restored(model, component):
            pass
    except (ValueError, OSError) as error:
        if (own / LAST).exists():  # it can be read as it is
            return
        if isinstance(error, OSError) and error.errno in FORBIDDEN:
            reason = (error.errno, error.strerror, str(model))
            raise OSError(*reason) from error
        raise


@contextmanager
def _restored(model: Path, component: str) -> Iterator[None]:
    """Lock a pipeline, and restore the memory."""
    folder = model.resolve()
    lock = hidden_file(folder, "memory.lock", home_of_drafts(folder))
    with ExitStack() as stack:
        try:
            is_locked = stack.enter_context(hold_lock(lock))
        except BlockingIOError as error:
            raise ValueError(Errors.GP126.format(path=model)) from error
        for home in _homes(folder / component):
            clear_drafts(folder / component, is_locked=is_locked, home=home)
        yield


def _homes(folder: Path) -> Tuple[Path, Path]:
    """Return both places for drafts: permissions may have changed since they were
    made."""
    return folder.parent, folder


def remember_files(
    nlp: Language,
    paths: Iterable[Path],
    *,
    component: str = "global_pointer",
    source: Optional[str] = None,
    labels: Iterable[str] = (),
    progress: Optional[str] = None,
) -> Remembered:
    """Add the gold spans of .spacy files to the memory of a pipeline's component, all
    or none. Documents without the component's key are left out as not annotated.

    nlp (Language): The pipeline.
    paths (Iterable[Path]): The files, or folders of such files. The first file decides
        how spans are compared, if the memory is empty.
    component (str): Name of a `global_pointer`.
    source (Optional[str]): Source of the entries; None for the name of each file.
    labels (Iterable[str]): Labels that each file annotates, in addition to those of its
        spans.
    progress (Optional[str]): Text of a progress bar; None shows none.
    RETURNS (Remembered): What was done.
    RAISES (ValueError): GP130 or GP131 if there is no such component; GP140 if a file
        has no gold span under its key, and no label is given; GP153 if a file cannot be
        remembered; GP118 or GP165 if a file cannot be read.
    """
    pipe, labels = find_component(nlp, component), list(labels)
    files = [x for path in paths for x in find_files(path, SUFFIXES, format=FORMAT)]
    reading = _Reading(nlp, pipe.key, source, needs_spans=not labels)
    disable = True if progress is None else None
    bar = tqdm(files, desc=progress, unit="file", leave=False, disable=disable)
    try:
        new = pipe.remember_sources(reading.sources(bar), labels=labels)
    except ValueError as error:
        if reading.read is None:  # it has nothing to do with the content of a file
            raise
        fields = {"path": reading.read, "reason": error}
        raise ValueError(Errors.GP153.format(**fields)) from error
    return Remembered(new, reading.n_docs, reading.n_left_out)


@dataclass
class _Reading:
    """Documents of files as sources of a memory, and what has been read of them.

    nlp (Language): The pipeline.
    key (str): Key of the gold spans.
    source (Optional[str]): Name of all sources; None for the name of each file.
    needs_spans (bool): Whether each file must have a gold span.
    n_docs (int): Number of documents so far.
    n_left_out (int): Number of those that are not annotated.
    read (Optional[str]): The file whose examples are in use.
    """

    nlp: Language
    key: str
    source: Optional[str]
    needs_spans: bool
    n_docs: int = 0
    n_left_out: int = 0
    read: Optional[str] = None

    def sources(
        self, files: Iterable[SourceFile]
    ) -> Iterator[Tuple[str, Iterable[Example]]]:
        """Yield the name and the examples of each file."""
        for file in files:
            examples = Corpus(file.path).make_examples(self.nlp, self._gold(file))
            self.read = str(file.path)
            yield file.name if self.source is None else self.source, examples
            self.read = None

    def _gold(self, file: SourceFile) -> List[Doc]:
        """Return the annotated documents of a file."""
        content = read_bytes(file)
        docs = list(parse_docs(content, self.nlp.vocab, path=file.path))
        gold = [doc for doc in docs if self.key in doc.spans]
        self.n_docs += len(docs)
        self.n_left_out += len(docs) - len(gold)
        if not any(doc.spans[self.key] or not self.needs_spans for doc in gold):
            keys = sorted({key for doc in docs for key in doc.spans}) or "none"
            fields = {"path": file.path, "key": self.key, "keys": keys}
            raise ValueError(Errors.GP140.format(**fields))
        return gold


def is_outdated(nlp: Language, pipe: GlobalPointer) -> bool:
    """Return whether the weights have changed since the memory was made.

    nlp (Language): The pipeline.
    pipe (GlobalPointer): The component.
    """
    memory = pipe.memory
    return len(memory) > 0 and not same_weights(
        memory.digest, weights_digest(pipe.model.get_ref("tok2vec"), nlp)
    )


def write_memory(
    model: Path, component: str, pipe: GlobalPointer, *, output: Optional[Path] = None
) -> Path:
    """Write the memory of a component into its saved pipeline, or into a copy. No other
    file changes, and no file is ever half-written.

    model (Path): Folder of the pipeline that the component was loaded from.
    component (str): Name of the component.
    pipe (GlobalPointer): The component.
    output (Optional[Path]): Folder for the copy; None changes the pipeline itself.
    RETURNS (Path): Folder of the pipeline that was written.
    RAISES (ValueError): GP134, GP042 or GP135, as `check_folders`; GP016 if the setting
        `thresholds` names a label that was forgotten, because the pipeline would not
        load.
    """
    check_folders(model, output)
    pipe.decision()
    files = dict(zip(MEMORY, pipe.memory_files() or ()))
    if output is not None:
        with atomic_folder(output) as copy:
            shutil.copytree(model, copy, dirs_exist_ok=True)
            for name in MEMORY:
                (copy / component / name).unlink(missing_ok=True)
            _write(copy / component, files)
        return output
    folder = model.resolve() / component
    with drafts_beside(folder, home=home_of_drafts(folder)) as drafts:
        _write(drafts, files)
        shutil.copy2(folder / LAST, drafts / LAST)
        move_into(drafts, folder, outdated=MEMORY, last=LAST)
    return model


def _write(folder: Path, files: Dict[str, bytes]) -> None:
    for name, content in files.items():
        (folder / name).write_bytes(content)
