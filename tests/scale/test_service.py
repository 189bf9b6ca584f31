"""The service of the docs, under 8 threads."""

from __future__ import annotations

import importlib.util
from concurrent.futures import ThreadPoolExecutor

import pytest
from doc_pages import ROOT
from helpers import TEXTS

FILE = ROOT / "docs/examples/service.py"
PAGE = ROOT / "docs/million.md"


def test_page_shows_the_service_that_is_tested():
    assert f'```python title="service.py"\n{FILE.read_text("utf-8")}```' in (
        PAGE.read_text("utf-8")
    )


def test_service_answers_8_threads_as_one(model, monkeypatch):
    pytest.importorskip("fastapi", reason="FastAPI is not installed")
    pytest.importorskip("httpx", reason="FastAPI's test client needs httpx")
    from fastapi.testclient import TestClient

    monkeypatch.setenv("PIPELINE", str(model))
    spec = importlib.util.spec_from_file_location("service", FILE)
    service = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(service)
    client = TestClient(service.app)

    def ask(number):
        texts = [TEXTS[number % 4], TEXTS[(number + 1) % 4] * 3]
        answer = client.post("/annotate", json={"texts": texts})
        assert answer.status_code == 200
        return answer.json()

    alone = [ask(number) for number in range(4)]
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(ask, range(64)))
    assert len(alone[0][0]["spans"]) == 4
    for number, records in enumerate(answers):
        for record, wanted in zip(records, alone[number % 4], strict=True):
            for span, other in zip(record["spans"], wanted["spans"], strict=True):
                assert span["probability"] == pytest.approx(other.pop("probability"))
                other["probability"] = span["probability"]
            assert record == wanted
