"""A service that annotates texts. Run it with `uvicorn service:app`."""

import os

import spacy
from fastapi import FastAPI
from pydantic import BaseModel

from spacy_globalpointer.scale.annotate import annotate

app = FastAPI()
# One pipeline serves all threads. It is read when the service starts.
nlp = spacy.load(os.environ["PIPELINE"])


class Texts(BaseModel):
    texts: list[str]


@app.post("/annotate")
def annotate_texts(request: Texts) -> list[dict]:  # without async: in a thread
    return list(annotate(nlp, request.texts, max_chars=100_000))
