"""Save what a trained pipeline's head gives to the kernel.

    python benchmarks/kernel/save_states.py PIPELINE CORPUS.spacy STATES.safetensors

PIPELINE has a `global_pointer` with the GlobalPointer head; of CORPUS only the texts
are used, each as one document.
"""

from __future__ import annotations

import argparse

import spacy
import torch
from safetensors.torch import save_file
from spacy.tokens import DocBin


def main(pipeline: str, corpus: str, output: str) -> None:
    nlp = spacy.load(pipeline)
    docs = [
        nlp.make_doc(doc.text) for doc in DocBin().from_disk(corpus).get_docs(nlp.vocab)
    ]
    for name, component in nlp.pipeline:
        if name != "global_pointer":
            docs = list(component.pipe(docs, batch_size=4))
    pipe = nlp.get_pipe("global_pointer")
    states = pipe.model.predict(docs)
    tensors = {
        "queries": states.queries,
        "keys": states.keys,
        "start": states.start,
        "lengths": torch.tensor(states.lengths),
        "scale": torch.tensor(states.scale),
        "max_span_length": torch.tensor(pipe.cfg["trained_length"]),
    }
    save_file({name: x.contiguous() for name, x in tensors.items()}, output)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("pipeline")
    parser.add_argument("corpus")
    parser.add_argument("output")
    main(**vars(parser.parse_args()))
