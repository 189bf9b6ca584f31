"""A smaller vocabulary for an encoder: the word pieces that some texts need, and pieces
of one character for all other text."""

from __future__ import annotations

import copy
import json
from itertools import islice
from typing import Any, Dict, Iterable, Iterator, List, NamedTuple, Sequence, Set

import numpy
import spacy
import torch
from numpy import ndarray
from spacy.language import Language
from tokenizers import Tokenizer
from transformers import PreTrainedTokenizerFast

from ..errors import Errors
from ..example_sentences import example_sentences
from .pieces import split_pieces
from .pretrained import Encoder, module_with
from .token_borders import MARKS

#: Kinds of vocabularies that can be cut. In a vocabulary of merges, each piece depends
#: on shorter ones.
KINDS = ("Unigram", "WordPiece", "WordLevel")
#: Number of texts that are split into pieces together.
BATCH = 256
#: Settings of an encoder that are numbers of pieces.
PIECE_SETTINGS = [
    f"{name}_token_id" for name in ("pad", "bos", "eos", "unk", "cls", "sep", "mask")
]


class TrimmedEncoder(NamedTuple):
    """Result of `trim`.

    encoder (Encoder): The encoder with the smaller vocabulary.
    kept (ndarray): Shape (pieces,): the earlier number of each of its pieces.
    pieces (int): Number of pieces of the texts.
    unknown (int): Number of these that stand for text outside the vocabulary, with the
        encoder as it was.
    """

    encoder: Encoder
    kept: ndarray
    pieces: int
    unknown: int


def trim(
    encoder: Encoder, texts: Iterable[str], *, languages: Sequence[str] = ()
) -> TrimmedEncoder:
    """Cut the vocabulary of an encoder to the pieces of texts. Special pieces and those
    of one character are kept as well. A text of which all pieces are kept has the same
    pieces and vectors as before. In other texts, shorter pieces replace removed ones.
    If each character had a piece before, no text is unknown now.

    encoder (Encoder): An encoder whose vocabulary is one of `KINDS`.
    texts (Iterable[str]): Texts such as those that the encoder will read, which are
        read once.
    languages (Sequence[str]): Codes of spaCy's languages. The pieces of their stop
        words and example sentences are kept, and those that the texts have if no piece
        crosses a border of the language's tokens.
    RETURNS (TrimmedEncoder): The encoder, with weights of its own.
    RAISES (ValueError): GP049 if the vocabulary cannot be cut; GP050 if the texts have
        no piece of it; GP051 if spaCy has no such language, or it needs a package
        that is not installed.
    """
    kind = type(encoder.tokenizer.backend_tokenizer.model).__name__
    if kind not in KINDS:
        raise ValueError(Errors.GP049.format(kind=kind))
    pipelines = [_blank(code) for code in languages]
    counts = numpy.zeros(len(encoder.strings), dtype="int64")
    used = _count(encoder, texts, counts, pipelines)
    unknown = encoder.tokenizer.unk_token_id
    n_unknown = 0 if unknown is None else int(counts[unknown])
    if counts.sum() == n_unknown:
        raise ValueError(Errors.GP050.format(unknown=n_unknown))
    for nlp in pipelines:
        common = [*sorted(nlp.Defaults.stop_words), *example_sentences(nlp)]
        used |= _count(encoder, common, numpy.zeros_like(counts), [nlp])
    # A tokenizer may have pieces, added to it later, that the encoder does not have.
    n_rows = len(encoder.module.get_input_embeddings().weight)
    always = _always(encoder)
    kept = numpy.array(sorted(i for i in used | always if i < n_rows))
    smaller = Encoder(_cut_module(encoder, kept), _cut_tokenizer(encoder, kept))
    return TrimmedEncoder(smaller, kept, int(counts.sum()), n_unknown)


def _blank(code: str) -> Language:
    try:
        nlp = spacy.blank(code)
    except ImportError as error:
        raise ValueError(Errors.GP051.format(code=code, reason=error)) from error
    nlp.max_length = 2**40
    return nlp


def _count(
    encoder: Encoder, texts: Iterable[str], counts: ndarray, pipelines: List[Language]
) -> Set[int]:
    """Add the pieces of texts to counts, and return all of them, with those inside the
    tokens of pipelines."""
    used: Set[int] = set()
    for batch in _batches(texts):
        encoded = encoder.tokenizer(batch, add_special_tokens=False, verbose=False)
        for ids in encoded["input_ids"]:
            numpy.add.at(counts, ids, 1)
            used.update(ids)
        for nlp in pipelines:
            docs = [nlp.make_doc(text) for text in batch]
            borders = encoder.token_borders
            for pieces in split_pieces(encoder.tokenizer, docs, borders):
                used.update(pieces.ids.tolist())
    return used


def _batches(texts: Iterable[str]) -> Iterator[List[str]]:
    rest = iter(texts)
    while batch := list(islice(rest, BATCH)):
        yield batch


def _always(encoder: Encoder) -> Set[int]:
    """Return the pieces that are always kept: special ones, those of one character or
    byte, and those up to the padding, from which some encoders count positions."""
    tokenizer = encoder.tokenizer
    model = json.loads(tokenizer.backend_tokenizer.to_str())["model"]
    prefix = model.get("continuing_subword_prefix") or ""
    kept = set(tokenizer.get_added_vocab().values()) | set(tokenizer.all_special_ids)
    # A tokenizer need not say which of its pieces are special.
    kept |= {*tokenizer("a")["input_ids"], *tokenizer("a", "a")["input_ids"]}
    if model.get("unk_id") is not None:
        kept.add(model["unk_id"])
    elif model.get("unk_token") in model["vocab"]:
        kept.add(model["vocab"][model["unk_token"]])
    for number in (tokenizer.pad_token_id, encoder.module.config.pad_token_id):
        kept |= set(range((number or 0) + 1))
    for piece, number in tokenizer.get_vocab().items():
        text = piece.removeprefix(prefix)
        text = text[1:] if text.startswith(MARKS) else text
        is_byte = text.startswith("<0x") and text.endswith(">")
        if len(text) <= 1 or is_byte:
            kept.add(number)
    return kept


def _cut_module(encoder: Encoder, kept: ndarray) -> Any:
    new = {int(old): i for i, old in enumerate(kept)}
    config = copy.deepcopy(encoder.module.config)
    config.vocab_size = len(kept)
    for name in PIECE_SETTINGS:
        if getattr(config, name, None) in new:
            setattr(config, name, new[getattr(config, name)])
    words = encoder.module.get_input_embeddings().weight
    weights = {
        name: x[torch.from_numpy(kept)] if x.data_ptr() == words.data_ptr() else x
        for name, x in encoder.module.state_dict().items()
    }
    return module_with(config, weights)


def _cut_tokenizer(encoder: Encoder, kept: ndarray) -> PreTrainedTokenizerFast:
    old = encoder.tokenizer
    new = {int(number): i for i, number in enumerate(kept)}
    state = json.loads(old.backend_tokenizer.to_str())
    model = state["model"]
    if isinstance(model["vocab"], dict):
        numbers = model["vocab"].items()
        model["vocab"] = {piece: new[i] for piece, i in numbers if i in new}
    else:
        pieces = model["vocab"]
        model["vocab"] = [pieces[i] for i in kept if i < len(pieces)]
        if model.get("unk_id") is not None:
            model["unk_id"] = new[model["unk_id"]]
    added = [token for token in state["added_tokens"] if token["id"] in new]
    state["added_tokens"] = [{**token, "id": new[token["id"]]} for token in added]
    if state.get("padding"):
        state["padding"]["pad_id"] = new[state["padding"]["pad_id"]]
    _renumber(state.get("post_processor"), new)
    return PreTrainedTokenizerFast(
        tokenizer_object=Tokenizer.from_str(json.dumps(state)),
        model_max_length=old.model_max_length,
        padding_side=old.padding_side,
        truncation_side=old.truncation_side,
        model_input_names=old.model_input_names,
        clean_up_tokenization_spaces=old.clean_up_tokenization_spaces,
        **old.special_tokens_map,
    )


def _renumber(processor: Any, new: Dict[int, int]) -> None:
    """Renumber the special pieces that a tokenizer puts around a text."""
    if processor is None:
        return
    for part in processor.get("processors", []):
        _renumber(part, new)
    for special in (processor.get("special_tokens") or {}).values():
        special["ids"] = [new[i] for i in special["ids"]]
    for name in ("sep", "cls"):
        if name in processor:
            piece, number = processor[name]
            processor[name] = [piece, new[number]]
