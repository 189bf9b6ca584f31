"""Random encoders of several families, with tokenizers, in folders. Nothing is
fetched."""

from __future__ import annotations

from pathlib import Path

import torch
import transformers as hf
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors

SIZE = {
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 64,
    "hidden_dropout_prob": 0.0,
    "attention_probs_dropout_prob": 0.0,
}
LETTERS = [chr(c) for c in range(33, 127)]
CHINESE = list("患者男性因咳嗽三天入院在北京协和医检查诊断为肺炎。，")


def word_pieces(folder: Path, extra=(), **settings):
    """A tokenizer of letters, as BERT's and ELECTRA's are."""
    pieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *LETTERS, *extra]
    pieces += [f"##{letter}" for letter in LETTERS]
    (folder / "vocab.txt").write_text("\n".join(pieces), encoding="utf-8")
    tokenizer = hf.BertTokenizerFast(str(folder / "vocab.txt"), **settings)
    tokenizer.save_pretrained(folder)
    return len(pieces)


def byte_pieces(folder: Path, **settings):
    """A tokenizer of bytes, as RoBERTa's is."""
    special = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    pieces = [*special, *sorted(pre_tokenizers.ByteLevel.alphabet())]
    vocabulary = {piece: i for i, piece in enumerate(pieces)}
    tokenizer = Tokenizer(models.BPE(vocabulary, []))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    ends = ("</s>", 2), ("<s>", 0)
    tokenizer.post_processor = processors.RobertaProcessing(*ends)
    fast = hf.RobertaTokenizerFast(tokenizer_object=tokenizer, **settings)
    fast.save_pretrained(folder)
    return len(pieces)


def make_bert(folder: Path, *, seed: int = 0, positions: int = 64, **settings) -> Path:
    torch.manual_seed(seed)
    folder.mkdir(exist_ok=True)
    n = word_pieces(folder, model_max_length=positions)
    size = {**SIZE, "max_position_embeddings": positions, **settings}
    hf.BertModel(hf.BertConfig(vocab_size=n, **size)).eval().save_pretrained(folder)
    return folder


def make_chinese_bert(folder: Path) -> Path:
    torch.manual_seed(0)
    n = word_pieces(folder, CHINESE, model_max_length=64)
    size = {**SIZE, "max_position_embeddings": 64}
    hf.BertModel(hf.BertConfig(vocab_size=n, **size)).save_pretrained(folder)
    return folder


def make_electra(folder: Path, *, embedding_size: int = 32) -> Path:
    torch.manual_seed(0)
    n = word_pieces(folder, model_max_length=64)
    size = {**SIZE, "max_position_embeddings": 64, "embedding_size": embedding_size}
    hf.ElectraModel(hf.ElectraConfig(vocab_size=n, **size)).save_pretrained(folder)
    return folder


def make_albert(folder: Path) -> Path:
    torch.manual_seed(0)
    n = word_pieces(folder, model_max_length=64)
    size = {**SIZE, "max_position_embeddings": 64, "embedding_size": 16}
    hf.AlbertModel(hf.AlbertConfig(vocab_size=n, **size)).save_pretrained(folder)
    return folder


def make_roberta(folder: Path) -> Path:
    torch.manual_seed(0)
    n = byte_pieces(folder)  # says nothing of a maximum length
    size = {**SIZE, "max_position_embeddings": 66, "pad_token_id": 1}
    size |= {"bos_token_id": 0, "eos_token_id": 2, "type_vocab_size": 1}
    hf.RobertaModel(hf.RobertaConfig(vocab_size=n, **size)).save_pretrained(folder)
    return folder


def make_longformer(folder: Path, **settings) -> Path:
    torch.manual_seed(0)
    n = byte_pieces(folder, model_max_length=256)
    size = {**SIZE, "max_position_embeddings": 258, "pad_token_id": 1}
    size |= {"bos_token_id": 0, "eos_token_id": 2, "sep_token_id": 2}
    size |= {"type_vocab_size": 1, "attention_window": [16, 16], **settings}
    config = hf.LongformerConfig(vocab_size=n, **size)
    hf.LongformerModel(config).save_pretrained(folder)
    return folder


def make_bigbird(folder: Path, **settings) -> Path:
    torch.manual_seed(0)
    n = word_pieces(folder, model_max_length=256)
    size = {**SIZE, "max_position_embeddings": 256}
    # It attends to blocks from 29 pieces on.
    size |= {"block_size": 4, "num_random_blocks": 1, **settings}
    hf.BigBirdModel(hf.BigBirdConfig(vocab_size=n, **size)).save_pretrained(folder)
    return folder


def make_esm(folder: Path) -> Path:
    torch.manual_seed(0)
    n = word_pieces(folder, model_max_length=64)
    size = {**SIZE, "max_position_embeddings": 64, "position_embedding_type": "rotary"}
    size |= {"pad_token_id": 0, "mask_token_id": 4, "token_dropout": False}
    hf.EsmModel(hf.EsmConfig(vocab_size=n, **size)).save_pretrained(folder)
    return folder


FAMILIES = {
    "bert": make_bert,
    "chinese-bert": make_chinese_bert,
    "electra": make_electra,
    "albert": make_albert,
    "roberta": make_roberta,
    "longformer": make_longformer,
}
