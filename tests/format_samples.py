"""A small file of each format, in each of its forms."""

from __future__ import annotations

import json

TEXT = "Ann of Leith"
REGION = {"start": 0, "end": 3, "text": "Ann", "labels": ["PER"]}
RESULT = {"id": "a", "type": "labels", "value": REGION}
ENTITY = {"id": 1, "label": "PER", "start_offset": 0, "end_offset": 3}
TOKEN = {"text": "Ann", "start": 0, "end": 3, "id": 0, "ws": True}

# Name of the format, name of the file, and its content: a text, or a JSON value.
SAMPLES = [
    ("jsonl", "a.jsonl", {"id": "a", "text": TEXT, "spans": []}),
    (
        "jsonl",
        "a.jsonl",
        {"text": TEXT, "spans": [{"start": 0, "end": 3, "label": "PER"}]},
    ),
    ("chip", "a.txt", "Ann of Leith|||0    2    PER|||7    11    LOC|||\n"),
    ("chip", "a.txt", "Ann|||\r\nLeith|||0    4    LOC|||\r\n"),
    ("cmeee", "a.json", [{"text": "Ann", "entities": []}, {"start_idx": 1}]),
    (
        "cmeee",
        "a.json",
        [{"text": TEXT, "entities": [{"start_idx": 0, "end_idx": 2, "type": "PER"}]}],
    ),
    ("cluener", "a.json", {"text": TEXT, "label": {"PER": {"Ann": [[0, 2]]}}}),
    ("cluener", "a.json", {"id": 0, "text": TEXT, "label": {}}),
    ("doccano", "a.jsonl", {"id": 1, "text": TEXT, "label": [[0, 3, "PER"]]}),
    ("doccano", "a.jsonl", {"id": 1, "text": TEXT, "labels": []}),
    ("doccano", "a.jsonl", {"text": TEXT, "entities": [ENTITY], "relations": []}),
    (
        "label-studio",
        "a.json",
        [{"id": 1, "data": {"text": TEXT}, "annotations": [{"result": [RESULT]}]}],
    ),
    ("label-studio", "a.json", [{"data": {"text": TEXT}, "predictions": []}]),
    (
        "label-studio",
        "a.json",
        [
            {
                "text": TEXT,
                "id": 1,
                "label": [REGION],
                "annotation_id": 2,
                "lead_time": 3,
            }
        ],
    ),
    ("prodigy", "a.jsonl", {"text": TEXT, "spans": [], "answer": "accept"}),
    ("prodigy", "a.jsonl", {"text": TEXT, "spans": [], "_task_hash": 1}),
    ("prodigy", "a.jsonl", {"text": TEXT, "tokens": [TOKEN], "spans": []}),
    (
        "spacy-json",
        "a.jsonl",
        {"text": TEXT, "tokens": [{"id": 0, "start": 0, "end": 3}], "spans": {}},
    ),
    (
        "spacy-json",
        "a.json",
        [{"text": TEXT, "ents": [], "tokens": [{"id": 0, "start": 0, "end": 3}]}],
    ),
    ("spacy-json", "a.json", [[TEXT, {"entities": [[0, 3, "PER"]]}]]),
    (
        "spacy-json",
        "a.json",
        {"classes": ["PER"], "annotations": [[TEXT, {"entities": []}]]},
    ),
    (
        "spacy-json",
        "a.json",
        [
            {
                "id": 0,
                "paragraphs": [
                    {"sentences": [{"tokens": [{"orth": "Ann", "ner": "U-PER"}]}]}
                ],
            }
        ],
    ),
    ("hf-tokens", "a.jsonl", {"tokens": ["Ann", "of"], "ner_tags": ["B-PER", "O"]}),
    ("hf-tokens", "a.json", [{"id": "0", "words": ["Ann"], "tags": [1], "x": {}}]),
    ("conll", "a.conll", "Ann\tB-PER\nof\tO\nLeith\tB-LOC\n\n"),
    ("conll", "a.txt", "-DOCSTART- -X- O O\n\nAnn NNP I-NP I-PER\nof IN O O\n\n"),
    ("conll", "a.tsv", "# a\n1\tAnn\tB-PER\tO\n2\tof\tO\tO\n\n"),
    ("conll", "a.bioes", "Ann\tO\tS-PER\tO\t\r\nof\tO\tO\tO\t\r\n"),
    ("prodigy", "a.jsonl", {"text": TEXT, "spans": [], "meta": {"document": "a"}}),
]


def as_text(content):
    return content if isinstance(content, str) else json.dumps(content)
