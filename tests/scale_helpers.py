"""What tests of annotation share: documents, and workers in this process, where
starting takes no time."""

from __future__ import annotations

import json

import spacy
from helpers import TEXTS

from spacy_globalpointer.benchmarking.worker import answer
from spacy_globalpointer.scale import processes
from spacy_globalpointer.scale.processes import AnnotatingProcess
from spacy_globalpointer.scale.worker import Worker


class SameProcess(AnnotatingProcess):
    """Answers as a fresh process would. `ends` decides which requests end it."""

    asked: list = []

    def __init__(self, pipeline, threads):
        self.pipeline, self.threads, self.worker = pipeline, threads, Worker()
        self.asked.append(("start", {}))

    def __exit__(self, *error):
        pass

    def end(self):
        pass

    @staticmethod
    def ends(request, arguments):
        return False

    def _answer(self, line):
        request, arguments = json.loads(line)
        self.asked.append((request, arguments))
        if self.ends(request, arguments):
            return json.dumps({"error": "its process ended", "ended": True})
        return answer(self.worker, line)

    def _last_lines(self):
        return ""


def use_same_process(monkeypatch, ends=None):
    """RETURNS (list): The requests to come, each with its arguments."""
    monkeypatch.setattr(SameProcess, "asked", [])
    monkeypatch.setattr(processes, "AnnotatingProcess", SameProcess)
    if ends is not None:
        monkeypatch.setattr(SameProcess, "ends", staticmethod(ends))
    return SameProcess.asked


def texts_of(asked):
    """The texts of each request."""
    return [x["texts"] for request, x in asked if request == "annotate"]


def write_jsonl(path, rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return path


def numbered(n, **more):
    return [{"id": i, "text": TEXTS[i % len(TEXTS)], **more} for i in range(n)]


def read_results(folder):
    """The rows of all parts, in order."""
    lines = []
    for part in sorted(folder.glob("part-*.jsonl")):
        lines += part.read_text("utf-8").splitlines()
    return [json.loads(line) for line in lines]


def make_ruler(folder):
    """A pipeline without torch, which finds LEITH under the key "ruler"."""
    nlp = spacy.blank("en")
    nlp.add_pipe("span_ruler").add_patterns([{"label": "PLACE", "pattern": "Leith"}])
    nlp.to_disk(folder)
    return folder
