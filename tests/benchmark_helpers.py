"""Pipelines that are timed in this process, where starting takes no time."""

from __future__ import annotations

from spacy_globalpointer.benchmarking import benchmark as module
from spacy_globalpointer.benchmarking.processes import PipelineProcess
from spacy_globalpointer.benchmarking.worker import Worker, answer


class SameProcess(PipelineProcess):
    """Answers as a fresh process would. All requests are kept in `asked`."""

    asked: list = []

    def __init__(self, pipeline, threads):
        self.pipeline, self.threads, self.worker = pipeline, threads, Worker()

    def __exit__(self, *error):
        self.asked.append((self.pipeline, self.threads, "end"))

    def _answer(self, line):
        name = line.partition('"')[2].partition('"')[0]
        self.asked.append((self.pipeline, self.threads, name))
        return answer(self.worker, line)

    def _last_lines(self):
        return ""


def use_same_process(monkeypatch):
    """RETURNS (list): The requests to come: pipeline, threads and name of each."""
    monkeypatch.setattr(SameProcess, "asked", [])
    monkeypatch.setattr(module, "PipelineProcess", SameProcess)
    return SameProcess.asked
