"""Adapt an encoder to texts by replaced token detection.

The loop is our own, not that of `transformers.Trainer` (tried with 4.53), which

- stores the optimizer, its schedule, the random states and the arguments as pickles;
- cannot store tensors that generator and encoder share in safetensors;
- continues without a word from a checkpoint that was killed half-written, without its
  optimizer, and ends with other weights;
- reads and draws the batches of all steps that are done again, instead of continuing
  from a stored place in the texts;
- clips one norm over all weights, and updates before it knows whether that is finite;
- needs accelerate.

Where all of that is overridden, the loop that remains is the one in `_train`.
"""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import Any, Callable, Dict, List, Sequence

import torch
from tqdm import tqdm
from tqdm.std import EMA

from .. import __version__
from ..atomic import atomic_file, atomic_folder, clear_drafts
from ..encoders.folders import load_encoder
from ..errors import Errors
from ..values import is_whole
from .checkpoints import (
    FILE,
    check_identity,
    is_checkpoint_of,
    load_checkpoint,
    save_checkpoint,
)
from .identity import Identity, differences, identify
from .run import Run
from .settings import PretrainSettings, check_settings
from .texts import find_texts

#: File in the encoder's folder that records what it was made from.
NOTE = "pretraining.json"
#: File in the checkpoint's folder with the metrics so far, one line per measurement.
LOG = "log.jsonl"
_BEGINS = "There is nothing to continue: the training begins"
#: Errors that reading a damaged line of the log raises.
_WRONG = (ValueError, TypeError, LookupError, AttributeError, RecursionError)
# Weight of the last step in the losses that the progress bar shows.
_NEWEST = 0.05


def pretrain(
    name: str,
    texts: Sequence[Path],
    output: Path,
    settings: PretrainSettings,
    *,
    device: torch.device,
    checkpoint_every: int = 500,
    resume: bool = False,
    force: bool = False,
    report: Callable[[Dict[str, Any]], None] = lambda metrics: None,
    say: Callable[[str], None] = lambda text: None,
    should_stop: Callable[[], bool] = lambda: False,
) -> bool:
    """Train an encoder on raw texts and save it.

    name (str): As for `load_encoder`.
    texts (Sequence[Path]): Files and folders, see `find_texts`.
    output (Path): Folder for the encoder; it appears when training is done.
    settings (PretrainSettings): The settings.
    device (torch.device): Where to compute: in float32 on a CPU, in bfloat16 on a GPU
        that has it.
    checkpoint_every (int): Steps between two checkpoints. The metrics on held-out
        texts are computed at the same steps.
    resume (bool): Continue from the checkpoint of an interrupted run; begin if there
        is none, and do nothing if the encoder is complete.
    force (bool): Replace an encoder that `pretrain` made, and an interrupted run.
    report (Callable[[Dict[str, Any]], None]): Called with the metrics each time.
    say (Callable[[str], None]): Called with a message on what `resume` does.
    should_stop (Callable[[], bool]): Called after each step; True stops the run.
    RETURNS (bool): Whether the encoder is complete. If the run was stopped, there is a
        checkpoint.
    RAISES (ValueError): GP200 to GP209, or what `load_encoder` and `read_texts` raise.
    """
    folder = checkpoint_folder(output)
    check_output(output, resume=resume, force=force)
    encoder = load_encoder(name)
    check_settings(settings, encoder)
    files = find_texts(texts)
    identity = identify(name, encoder, files, settings)
    if resume and _is_complete(output, identity, force=force):
        if not (folder / FILE).exists() or is_checkpoint_of(identity, folder):
            _remove(folder)  # the process may have been killed before that
        clear_drafts(output, of_all=True)
        say("There is nothing left to do")
        return True
    goes_on = resume and (folder / FILE).is_file()
    if resume:
        say(f"Continues from {folder}" if goes_on else _BEGINS)
    gpus = [device] if device.type == "cuda" else []
    with torch.random.fork_rng(devices=gpus):
        run = Run(encoder, files, settings, device)
        if goes_on:
            load_checkpoint(run, identity, folder)
        else:
            _remove(folder)
        log = _Log(folder / LOG, run.step)
        if not log.lines:
            report(log.add(run))
        finished = _train(
            run,
            log,
            checkpoint_every=checkpoint_every,
            save=partial(save_checkpoint, run, identity, folder),
            report=report,
            should_stop=should_stop,
        )
    if finished:
        note = _note(run, name=name, texts=texts, identity=identity, metrics=log.lines)
        _save(run, note, output)
        clear_drafts(output, of_all=True)
        _remove(folder)
    return finished


def checkpoint_folder(output: Path) -> Path:
    """Return the folder of the checkpoint of an encoder that is not complete."""
    return output.parent / f"{output.name}.checkpoint"


def check_output(output: Path, *, resume: bool, force: bool) -> None:
    """Check that the run overwrites nothing by mistake.

    output (Path): Folder for the encoder.
    resume (bool): Whether to continue an interrupted run.
    force (bool): Whether to replace what is there.
    RAISES (ValueError): GP203 if the folder exists, unless resume or force is set and
        `pretrain` made it; GP206 if there is an interrupted run.
    """
    folder = checkpoint_folder(output)
    is_known = (resume or force) and (output / NOTE).is_file()
    if output.exists() and not is_known:
        raise ValueError(Errors.GP203.format(path=output, note=NOTE))
    if (folder / FILE).is_file() and not (resume or force):
        raise ValueError(Errors.GP206.format(path=folder))


def _is_complete(output: Path, identity: Identity, *, force: bool) -> bool:
    """Check whether the output is the complete encoder of this run. Raise GP205 if it
    is that of another run, and GP231 if its note is damaged; with force, return False.
    """
    path = output / NOTE
    if not path.is_file():
        return False
    note = _read_note(path)
    if force and (not note or differences(note, identity)):
        return False
    if not note:
        raise ValueError(Errors.GP231.format(path=path))
    check_identity(path, note, identity)
    return True


def _read_note(path: Path) -> Identity:
    """Return what an encoder was made from; an empty dict if the note is damaged."""
    try:
        note = json.loads(path.read_text(encoding="utf-8"))
        return {**note, **{key: dict(note[key]) for key in ("contents", "settings")}}
    except (ValueError, TypeError, KeyError, RecursionError):
        return {}


def _remove(folder: Path) -> None:
    """Remove the files of a run and the drafts of killed processes, and the folder if
    it is then empty."""
    for name in (FILE, LOG):
        clear_drafts(folder / name, of_all=True)
        (folder / name).unlink(missing_ok=True)
    if folder.is_dir() and not any(folder.iterdir()):
        folder.rmdir()


def _read_log(path: Path) -> List[Dict[str, Any]]:
    """Return the metrics in a file. RAISES: GP240."""
    lines = []
    for number, line in enumerate(path.read_bytes().splitlines(), start=1):
        try:
            figures = json.loads(line)
            if not is_whole(figures["step"], least=0):
                raise ValueError("its step is not a whole number of at least 0")
            if not all(type(x) in (int, float) for x in figures.values()):
                raise ValueError("not all of its values are numbers")
        except _WRONG as error:
            fields = {"path": path, "line": number, "reason": error}
            raise ValueError(Errors.GP240.format(**fields)) from error
        lines.append(figures)
    return lines


class _Log:
    """The metrics so far, in memory and in a file. A run that continues computes those
    after its checkpoint again."""

    def __init__(self, path: Path, step: int) -> None:
        self.path = path
        lines = _read_log(path) if path.is_file() else []
        self.lines = [line for line in lines if line["step"] <= step]

    def add(self, run: Run) -> Dict[str, Any]:
        figures = {"step": run.step, "words": run.words, "epoch": run.stream.epoch}
        self.lines.append({**figures, **run.measure()})
        with atomic_file(self.path) as draft:
            text = "".join(json.dumps(line) + "\n" for line in self.lines)
            draft.write_text(text, encoding="utf-8")
        return self.lines[-1]


def _train(
    run: Run,
    log: _Log,
    *,
    checkpoint_every: int,
    save: Callable[[], None],
    report: Callable[[Dict[str, Any]], None],
    should_stop: Callable[[], bool],
) -> bool:
    """Do the steps that are left. RETURNS (bool): Whether all steps are done."""
    options: Dict[str, Any] = {"unit": "step", "leave": False, "disable": None}
    losses = EMA(_NEWEST), EMA(_NEWEST)
    words = 0
    with tqdm(total=run.settings.steps, initial=run.step, **options) as bar:
        while run.step < run.settings.steps:
            step = run.advance()
            generator = losses[0](step.generator_loss)
            detector = losses[1](step.detector_loss)
            words += step.words
            rate = words / (bar.format_dict["elapsed"] or 1)
            bar.set_postfix_str(
                f"generator {generator:.2f}, detector {detector:.3f}, "
                f"{rate:,.0f} words/s",
                refresh=False,
            )
            bar.update()
            if run.step % checkpoint_every == 0 or run.step == run.settings.steps:
                report(log.add(run))
                save()
            elif should_stop():
                save()
                return False
    return True


def _note(
    run: Run,
    *,
    name: str,
    texts: Sequence[Path],
    identity: Identity,
    metrics: List[Any],
) -> Dict[str, Any]:
    """Describe how an encoder was made."""
    return {
        "method": "replaced token detection (arXiv 2003.10555)",
        "encoder": name,
        "texts": [str(path) for path in texts],
        "steps": run.step,
        "words": run.words,
        **identity,
        "held_out_sequences": len(run.held_out),
        "figures": metrics,
        "made_with": f"spacy-globalpointer {__version__}",
    }


def _save(run: Run, note: Dict[str, Any], output: Path) -> None:
    with atomic_folder(output) as draft:
        run.encoder.module.cpu().save_pretrained(draft, safe_serialization=True)
        run.encoder.tokenizer.save_pretrained(draft)
        text = json.dumps(note, indent=1, ensure_ascii=False)
        (draft / NOTE).write_text(text + "\n", encoding="utf-8")
