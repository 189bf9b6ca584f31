"""Every message a user can meet, with its code.

Codes are stable: tests and search engines find a message by its code. ``GP0xx``
are errors of the component, its model and the encoder, ``GP1xx`` of the corpus tools
and of evaluation, ``GP2xx`` of training and its configs; ``GPW0xx``, ``GPW1xx`` and
``GPW2xx`` are the warnings of the same rooms. A message names the value, the rule it
breaks and the remedy.
"""

from __future__ import annotations

from typing import Any


class _Coded(type):
    """Puts a code in front of its text: ``Errors.GP001`` reads "[GP001] …"."""

    def __getattribute__(cls, name: str) -> Any:
        value = super().__getattribute__(name)
        if name.startswith("GP") and isinstance(value, str):
            return f"[{name}] {value}"
        return value


def is_coded(error: BaseException) -> bool:
    """RETURNS (bool): Whether an error's message is one of this package's.

    error (BaseException): The error.
    """
    return str(error).startswith("[GP")


class Errors(metaclass=_Coded):
    """Texts for exceptions; ``str.format`` fills in the fields."""

    # The kernel and the heads
    GP001 = (
        "Pointer states do not fit together: shapes {shapes} (queries, keys, start, "
        "end) with document lengths {lengths}. Queries and keys must have the same "
        "shape (tokens, heads, width) with 1 head or one for each label, the other "
        "terms (tokens, labels), and the lengths must sum to the tokens."
    )
    GP002 = (
        "Gold span {span} (document, label, first token, last token) is not among "
        "the spans that are scored: documents have {lengths} tokens, there are "
        "{n_labels} labels, and max_span_length is {max_span_length}. Leave the "
        "span out, or raise max_span_length."
    )
    GP003 = (
        "A head cannot have n_input={n_input}, n_labels={n_labels}, "
        "head_width={head_width}: all must be at least 1 and head_width even. "
        "Change the value in the component's [model] section."
    )
    GP004 = (
        "The stored head cannot be read: {reason}. The model file is damaged or was "
        "written by a newer version. Copy it again from its source, or train anew."
    )
    GP005 = (
        "The stored head {stored} is not the one that the config asks for: {wanted}. "
        "@architectures, head_width, rope and the presence of label_bias cannot be "
        "changed after training. Restore them in the config's [model] section."
    )
    GP006 = (
        "The loss was given {given} for a batch of {n_labels} labels and documents "
        "of {lengths} tokens. A teacher must score the same tokens and labels. "
        "Degrees are one for each gold span, above 0 and up to 1; balance is from -1 "
        "to 1."
    )
    GP007 = (
        "The search was given {n} thresholds for {n_labels} labels. Give one for each "
        "label, in label order."
    )

    GP080 = (
        "The model scores {old} labels and cannot be resized to {new}: labels can be "
        "added, but not removed. Train a new pipeline on data without them."
    )

    # The component
    GP010 = (
        "Threshold {name!r} is {value!r}, but a threshold is a probability, a number "
        "from 0 to 1. (0.5 corresponds to the score 0 of the GlobalPointer paper.)"
    )
    GP011 = "overlap is {value!r}, but must be one of: {known}."
    GP012 = (
        "{name} is {value!r}, but must be a whole number of at least 1, or null for no "
        "bound."
    )
    GP013 = (
        "A label of '{name}' must be a text of Unicode that is not empty, but was "
        "{label}. Correct it where it comes from."
    )
    GP014 = (
        "'{name}' found no label: none of the {n} documents of the training data has "
        "a span under doc.spans[{key!r}] (keys found: {keys}). Set spans_key to the "
        "key of your data, convert the data to that key, or pass the labels in "
        "[initialize.components.{name}.labels]."
    )
    GP015 = (
        "'{name}' listens ({node}) to a component that is not there, so the width of "
        "the token vectors is unknown. Add a 'transformer' before it (or a 'tok2vec' "
        "for a Tok2VecListener), and initialize the pipeline as a whole with "
        "nlp.initialize()."
    )
    GP016 = (
        "The setting {setting} names {unknown}, but the labels are {labels}. Correct "
        "the spelling or remove the entry."
    )
    GP017 = (
        "The training data has a span labelled {label!r}, but the labels of '{name}' "
        "are {labels}. Correct the label in the data, or add it. In training from a "
        "trained pipeline (`source` in a config, nlp.resume_training), call "
        "nlp.get_pipe({name!r}).add_label({label!r}) on that pipeline and save it "
        "before. If the component is initialized by the training itself, list all "
        "labels in [initialize.components.{name}.labels]; `spacy init labels` collects "
        "them."
    )
    GP018 = (
        "The model of '{name}' cannot be loaded from {source}: {reason}. The file is "
        "damaged, or belongs to another config. Copy it again from its source, or "
        "train anew."
    )

    GP019 = (
        "The model of '{name}' scores nO = {nO} labels, but the labels are {labels}. "
        "Remove nO from the component's [model] section: it is set by itself."
    )
    GP020 = (
        "The setting {setting} names the label {label!r}, which a config file cannot "
        "hold as a key (it is empty, begins or ends with white space, has a line end, "
        "':' or '=' in it, or begins with '#', ';', '[' or '@'). Rename the label, or "
        "leave it out."
    )
    GP021 = (
        "The loss of '{name}' is {loss}. Training has diverged, or a weight is not a "
        "number: lower the learning rate ([training.optimizer.learn_rate]), or clip "
        "gradients ([training.optimizer] grad_clip = 1.0)."
    )
    GP090 = (
        "The model of '{name}' computes values that are not finite numbers (NaN or "
        "infinity), so that no span can be found. Weights with such values: {weights}. "
        "Training diverged, the file is damaged, or half precision overflowed. "
        "Load an earlier model, train again with a lower learning rate, or set "
        'precision = "fp32" in the transformer\'s [model] section.'
    )
    GP060 = (
        "{path} is missing. It holds {what} of '{name}', which cannot be used without "
        "it. Copy the pipeline again from its source, as a whole, or train again."
    )
    GP061 = (
        "{source} has {what} = {value!r} for '{name}', but {what} must be {rule}. The "
        "file is damaged or was changed by hand. Copy it again from its source, or "
        "train again."
    )
    GP062 = (
        "{source} is not as '{name}' saved it: {names} in it do not fit the digest "
        "beside them. The file is damaged or was changed by hand. Copy it again from "
        "its source. What a model has learnt cannot be edited: to rename a label, "
        "rename it in the corpus (`spacy global-pointer convert` has --rename) and "
        "train again."
    )
    GP063 = (
        "{name} is {value!r}, but must be {rule}. Correct it in the config; that of a "
        "saved pipeline is its config.cfg."
    )
    GP064 = (
        "{source} has {n} labels for '{name}', {labels}, but its model scores {nO}. "
        "The files belong to different pipelines, or were changed by hand. Copy the "
        "pipeline again from its source, or train again."
    )
    # The encoder
    GP030 = (
        "precision is {value!r}, but must be one of: auto, bf16, fp16, fp32. auto "
        "takes bf16 where it is faster."
    )
    GP031 = (
        "precision is {value!r}, but products in it do not work on this machine's "
        '{device}, or could not be tried. Set precision = "auto" or "fp32" in the '
        "encoder's section, or load with spacy.load(path, "
        'config={{"components.transformer.model.precision": "auto"}}).'
    )
    GP032 = (
        "Windows of {window} word pieces with {context} of context on each side cannot "
        "be. The context must not be negative, and a window has from {lowest} (its "
        "special pieces, twice the context and one of its own) to {limit} pieces, as "
        "many as the encoder reads. Change window or context in the encoder's section."
    )
    GP033 = (
        "The encoder {name!r} cannot be loaded: {reason}. Pass a folder with "
        "config.json, the weights and the tokenizer's files, a model's name on a hub "
        "that can be reached, or the folder of a trained pipeline."
    )
    GP034 = (
        "The tokenizer of {name!r} is a {kind}, which does not tell where in the text "
        "its pieces are. A fast tokenizer is needed: a folder with a tokenizer.json, "
        "as save_pretrained of a fast tokenizer writes it."
    )
    GP035 = (
        "{name!r} is a {kind} model, which cannot be used: its vectors of a text's "
        "beginning know nothing of what follows, it needs a second text to write, or "
        "it takes no attention mask. Use an encoder such as BERT, RoBERTa, ELECTRA or "
        "Longformer."
    )
    GP036 = (
        "Neither the encoder {name!r} nor its tokenizer tells how much it can read at "
        "once. Set window in the encoder's section, such as 512."
    )
    GP037 = (
        "The rules for global attention cannot be used: {reason}. Set first = true, "
        "patterns (token patterns of spaCy's Matcher) or spans_key."
    )
    GP038 = (
        "The stored encoder cannot be read: {reason}. The file is damaged, or is no "
        "transformer's model. Copy it again from its source, or train anew."
    )
    GP039 = (
        "The transformer has no encoder yet. Initialize the pipeline "
        "(nlp.initialize()), or load a trained one with spacy.load."
    )
    GP040 = (
        "global_attention is set, but {name!r} is a {kind} model, whose pieces all see "
        "their whole window. Use a Longformer (`spacy global-pointer lengthen` makes "
        "one of a BERT, RoBERTa or ELECTRA encoder), or remove the setting."
    )
    GP041 = (
        "The encoder cannot be lengthened: {reason}. Take a BERT, RoBERTa or ELECTRA "
        "encoder, an even attention window, and more positions than it has."
    )
    GP042 = "{path} exists and is not overwritten. Remove it, or name another folder."
    GP043 = (
        "The model has been run to predict and keeps nothing for a gradient. Call "
        "begin_update instead of model(docs, is_train=False)."
    )

    GP044 = (
        "temperature is {value!r}, but must be a number above 0. 1.0 leaves the "
        "probabilities as the model gives them."
    )

    GP045 = (
        "layer_decay is {value!r}, but must be a number above 0 and up to 1: the "
        "factor of the learning rate from a layer of the encoder to the one below it."
    )
    GP046 = (
        "frozen_layers is {value!r}, but the encoder has {layers} layers of its own "
        "parameters. Set a number from 0 (the embeddings alone) to {layers} (all of "
        "the encoder), or null to train all of it."
    )

    GP047 = (
        "{setting} was set, but the encoder's layers cannot be told from the names of "
        "its parameters, such as {names}. Leave it at its default."
    )
    GP048 = (
        "The loss was given the weights {weights} for a batch of {n_labels} labels. "
        "Give one for each label, finite and above 0."
    )

    GP065 = (
        "The encoder {name!r} needs code that does not come with transformers: "
        "{reason}. It was not run. Take an encoder that transformers knows; or read "
        "the code, and set the environment variable {variable}=1 if you trust it."
    )

    GP066 = (
        "{path} of the pipeline {model} is missing. Copy the pipeline again from its "
        "source, as a whole, or train again."
    )

    # The corpus tools
    GP101 = (
        "{path} cannot be read as brat: it is not a folder, and its name ends in "
        "neither .txt nor .ann. Pass a folder that holds such files, or one of them."
    )
    GP102 = (
        "{path} holds no .txt and no .ann file. Pass the folder of the annotated "
        "texts; its subfolders are read too."
    )
    GP103 = (
        "{file} is not {encoding}: the byte at position {position} cannot be decoded. "
        "Convert the files to utf-8, or name their encoding (`spacy global-pointer "
        "convert` has --encoding)."
    )
    GP104 = (
        "There is no encoding {encoding!r}. Use a name that Python knows, such as "
        "utf-8, latin-1 or cp1252."
    )
    GP105 = "{name} is {value!r}, but must be one of: {known}."
    GP106 = (
        "{source}: the span {span} does not begin and end at tokens, and "
        "on_misaligned is 'error'. Correct the offsets, or pass --on-misaligned "
        "reject, expand, contract or split-token."
    )
    GP107 = (
        "The tokenizer changed the text of document {name!r}, so that character "
        "offsets no longer hold. Use a tokenizer with doc.text == text, as those "
        "that come with spaCy."
    )
    GP108 = (
        "Document {name!r} has {length} characters, more than nlp.max_length = "
        "{limit}. Split the document, or raise nlp.max_length."
    )
    GP109 = (
        "--splits {value}: these are no fractions that can be used. Pass up to three "
        "numbers above 0 with sum 1 and commas between, for train, dev and test, such "
        "as 0.8,0.1,0.1; or the path of a JSON file that maps splits to lists of "
        'documents, such as {{"train": ["a"], "dev": ["b"]}}.'
    )
    GP110 = (
        "The splits file {path} does not fit its rule: {reason}. It must be a JSON "
        "object that maps splits to lists of documents or files, or to fractions of "
        'the others: {{"train": 0.9, "dev": 0.1, "test": ["test.jsonl"]}}.'
    )
    GP111 = (
        "No split has {documents}: {names}. Every document needs one: name them or "
        "their files in the splits file, give one of its splits a fraction in place of "
        'a list, such as {{"train": 0.9, "dev": 0.1, "test": ["a"]}}, to share out the '
        "rest, or leave files out with --exclude."
    )
    GP112 = (
        "The splits file names {documents} that the corpus does not have: {names}. "
        "It may name a document's id (of brat, its path without the ending), a file "
        "with its ending, or a pattern of them such as 'train/*'."
    )
    GP113 = (
        "Document {name!r} is in more than one split, or twice in one: {splits}. "
        "Name every document once."
    )
    GP114 = (
        "Split {split!r} would be empty: with the fractions {fractions}, {documents} "
        "to share out give it none. Take fewer splits or a larger fraction. Where a "
        "corpus is one file of one document, such as a .conll without -DOCSTART- "
        "lines, --option documents=sentence makes more of it."
    )
    GP115 = (
        "Internal error in split {split!r}: {read} annotations were read, but {kept} "
        "kept and {rejected} rejected. Please report this with the file that caused "
        "it; nothing was written."
    )
    GP116 = (
        "The corpus has no path. Set [paths.train] and [paths.dev] in the config, or "
        "pass --paths.train and --paths.dev on the command line."
    )
    GP117 = (
        "{name} is {value!r}, but must be a whole number from {least} on. (Where 0 is "
        "allowed, it stands for no bound.)"
    )
    GP118 = (
        "{path} cannot be read as spaCy's binary format: {reason}. Pass a file that "
        "DocBin.to_disk or `spacy global-pointer convert` wrote."
    )
    GP119 = (
        "{path} has no span under doc.spans[{key!r}] (keys found: {keys}). Set "
        "--spans-key to the key of your data, or convert the data to that key."
    )
    GP120 = "{path} holds no document. Pass a corpus with at least one."
    GP121 = (
        "--gold is set, but {path} has plain texts, without gold spans. Pass a .spacy "
        "file, or leave --gold out."
    )
    GP122 = (
        "{path} ends in none of .spacy, .jsonl and .txt. Pass Docs as .spacy, one text "
        'as .txt, or a text a line as .jsonl: {{"text": "..."}}; the last two also '
        "with .gz."
    )
    GP123 = (
        "{file}: it is not clear which column holds the tokens: the first one has ids "
        "or a counter, and no other one clearly has words. A line is {example!r}. Name "
        "the column, counted from 0, such as --option token=1."
    )
    GP124 = (
        "{file}: it is not clear which column holds the tags: {reason}. Name the "
        "column, counted from 0, such as --option tags={column}; and the tag of tokens "
        "outside any span, if it is not O, such as --option outside={outside}."
    )
    GP125 = (
        "{source}: it is not clear whether {cell!r} is one tag or several. Several "
        "tags must be whole ones, such as I-ORG|B-GPE. If it is one tag, pass --option "
        "tag_separator=none; if it is several, name what separates them, such as "
        "--option tag_separator=space."
    )
    GP150 = (
        "{path} is {kind}, not a file or folder on a disk. It is not read: it may have "
        "no end, and a corpus is read twice. Save its content to a file and pass that."
    )
    GP151 = (
        "{file} has a document of more than {limit} MiB (a .spacy file counts as a "
        "whole, unpacked). Divide it, or raise the bound: `spacy global-pointer "
        "convert` has --max-document-size, in MiB."
    )
    GP152 = (
        "{file} is not read: it unpacks to more than {ratio} times its size, as no "
        "annotated text does. If it is what you want, unpack it and pass the result."
    )
    GP155 = (
        "{path} cannot be read as a config: {reason}. Pass a training config, or the "
        "folder of a pipeline."
    )
    GP156 = (
        "It is not clear which component of {path} is meant: --component is {given}, "
        "and its global_pointer components are: {names}. Name one of these, or pass a "
        "config that has one."
    )
    GP157 = (
        "The component '{name}' of {path} comes from the pipeline {source!r}, which is "
        "neither a folder nor an installed package. Install it, or pass its own folder "
        "as --config."
    )
    GP158 = (
        "{option} is set, but there is nothing that it belongs to. Pass {needed} as "
        "well, or leave {option} out."
    )
    GP160 = (
        "{file}:{line}: the line has more than {limit} MiB. Is it the right format "
        "({format!r})? If so, cut its text into documents."
    )
    GP161 = (
        "{documents} the name of another one: {copies}. Names must differ: correct the "
        "ids, or remove the copies."
    )
    GP162 = (
        "{path} is in no format that is known by its look, which an error in the first "
        "lines can hide: {fault}. Correct it, or name the format with --format: "
        "{known}."
    )
    GP163 = "There is no format {value!r}. Known are: {known}."
    GP164 = (
        "{source}: this is not {format}: {reason}. Correct it, or name another format "
        "(--format)."
    )
    GP165 = (
        "{path} has no file to read as {format}. Its files end in {suffixes} (text "
        "files also with .gz); subfolders are read too, names that begin with a dot "
        "are not."
    )
    GP166 = (
        "The format {format!r} has no option {name!r}. It has: {known}. Write "
        "--option NAME=VALUE."
    )
    GP167 = (
        "The option {name!r} of the format {format!r} is {value!r}, but must be {rule}."
    )
    GP168 = "Nothing can be written as {format!r}. Formats with a writer: {known}."
    GP169 = "{file} is damaged: {reason}. Fetch or pack it again. Nothing was written."
    GP189 = (
        "The labels {first!r} and {label!r} (in document {name!r}) would both be "
        "written as {written!r} in {format}, and be one. Rename one of them (convert's "
        "--rename), or write another format."
    )
    GP175 = (
        "The {what} {value!r} of document {name!r} cannot be written as {format!r}, "
        "whose lines would be broken by it. Change it, or write another format."
    )
    GP176 = (
        "The span {span} of document {name!r} does not begin and end at {unit}, and "
        "{format!r} was asked to count these. Correct the span, or set the option "
        "offsets to another unit."
    )

    GP170 = (
        "{file} is a Parquet file, which pyarrow reads, and pyarrow is not installed. "
        "Install it with: pip install pyarrow"
    )
    GP171 = (
        "{file}: its columns of tags cannot be told. Name them, counted from 0, with "
        "--option tags=1 (or tags=1,2 for layers), the tokens' with --option token=0, "
        "and what separates them with --option separator=tab, space, comma or "
        "semicolon. If it is no file of the corpus, leave it out with --exclude."
    )
    GP172 = (
        "The span {span} of document {name!r} cannot be written as {format}: it has no "
        "token, such as one of white space only. Correct the span, or remove it."
    )
    GP173 = (
        "The label {label!r} in document {name!r} cannot be written as a tag in "
        "{format}: it is empty, or has white space in it that parts columns. Rename it "
        "(convert's --rename), or set --option separator=tab."
    )
    GP174 = (
        "{source}: the tags in {column!r} are class ids, and their names are not "
        "known. Name them in their order with --option labels=O,B-PER,I-PER, or put "
        "the data set's dataset_info.json beside the file."
    )
    GP127 = (
        "{path} is JSON, but in none of the formats that are known: {source} has "
        "{found}. If it is in one of {known}, name it with --format; else write it in "
        "one of these, such as jsonl, which docs/formats.md describes."
    )
    GP128 = (
        "{path} is not in one format: {records} {format}, but {source} is not, which "
        "has {found}. Correct or remove what does not belong there; --format {format} "
        "says more of it, or reads it in spite of that."
    )
    GP129 = (
        "{file}: its offsets can be read as {readings}, and its texts do not decide "
        "between them ({example}). Name the right reading with {option}."
    )

    # Threshold tuning
    GP130 = (
        "The pipeline runs no component {name!r} (it runs: {names}). Pass the name of "
        "a global_pointer with --component."
    )
    GP131 = (
        "The component {name!r} is a {kind}, not a global_pointer (the pipeline's are: "
        "{names}). Pass the name of one of those with --component."
    )
    GP132 = (
        "There is no gold span to tune '{name}' with: no document has one under "
        "doc.spans[{key!r}]. Pass annotated documents, converted to that key."
    )
    GP133 = (
        "'{name}' finds no span of a probability of at least {lowest} in the "
        "documents, so that there is nothing to choose from. Train it longer, or pass "
        "texts of the kind that it was trained on."
    )
    GP134 = (
        "{path} is no saved pipeline: it has no config.cfg. Pass the folder of a "
        "trained pipeline, such as training/model-best."
    )
    GP135 = "{path} lies in the pipeline's folder {model}. Name a folder outside it."
    GP136 = "{name} is {value!r}, but must be a number above 0{limit}."
    GP137 = (
        "{path} cannot hold the settings {settings} of '{name}': read again, its text "
        "says something else. Nothing was written. Rename labels with special "
        "characters, or use one threshold for all (--overall-only)."
    )
    GP139 = (
        "Nothing was written: the documents have {gold}, fewer than --min-gold "
        "{least}, and thresholds chosen on so few say little about other spans. Tune "
        "on more documents, or pass --min-gold {n} to write them all the same."
    )
    GP180 = (
        "{source}: document {name!r} has no spans under the key {key!r} (keys found: "
        "{keys}). Name the key, or take doc.ents where it is missing: with convert by "
        "--option spans_key=KEY or --option ents=true, with export by --spans-key KEY "
        "or --ents."
    )
    GP181 = (
        "{source}: what document {name!r} has in doc.user_data[{key!r}] is not a list "
        "of [start, end, label]. Convert the corpus again."
    )
    GP182 = (
        "{path} exists and is not overwritten: corrections might be in it. Name "
        "another, or pass --force."
    )
    GP183 = (
        "{path} is {found}, but {format!r} is written as {wanted}. Name another output."
    )
    GP184 = "min_score is {value!r}, but must be a number from 0 to 1."
    GP185 = (
        "A rule for labels makes no sense: {reason}. Name each label once, to rename "
        "it (--rename OLD=NEW) or to drop it (--drop LABEL)."
    )
    GP186 = (
        "No span has these labels, which are to be renamed or dropped: {names}. The "
        "corpus has: {known}."
    )
    GP187 = (
        "{path} changed while it was read: the second time it has another number of "
        "documents. Convert it again; nothing was written."
    )
    GP188 = "{option} {value} is not of the form NAME=VALUE, or names NAME twice."

    # Evaluation
    GP140 = (
        "{path} has no gold span under doc.spans[{key!r}], which the component writes "
        "(keys found: {keys}). Pass annotated documents, or convert them to that key."
    )
    GP141 = (
        "{path} is no pipeline: it has no config.cfg. Pass the folder of a trained "
        "pipeline, such as training/mine/model-best, or the name of a package."
    )
    # More of the corpus tools and the commands
    GP142 = (
        "{file} has no column {value}, which --option {option} names. Parted by "
        "{parted}, its lines have {columns}, counted from 0 to {last}, such as "
        "{example!r}. Name one of these, or what parts them with --option "
        "separator=tab, space, comma or semicolon."
    )
    GP143 = (
        "There is no splits file {path} (looked for in {folder}). Correct the path of "
        'the JSON file, or pass fractions for train, dev and test, such as "0.8,0.1,'
        '0.1".'
    )
    GP145 = (
        "{path} exists and is not {kind}, so it is not replaced. Name another file, or "
        "remove this one."
    )
    GP146 = (
        "{source}: {reason}. A .jsonl file of texts has one JSON object a line, such "
        'as {{"text": "..."}}.'
    )
    GP147 = (
        "{inputs} more than one annotation in {path}, such as {example}. The "
        "annotators are {names}. Choose whose spans to take with --annotator NAME, or "
        "take those of all with --annotators union (every span) or --annotators "
        "agreement (the spans that all of them marked). If a file is a copy of another "
        "one, leave it out with --exclude."
    )
    GP148 = (
        "No annotation in {path} is by {names}. The annotators there are: {known}. "
        "Name one of these with --annotator, or leave it out."
    )
    GP193 = (
        "The corpus {source} and the output folder {output} are the same or lie in "
        "each other: files of the corpus would be replaced, or the output read as a "
        "part of it. Name an output folder that lies beside the corpus."
    )
    GP194 = (
        "{path} is not the summary of a conversion. It would be replaced: name another "
        "output folder, or remove it."
    )
    GP195 = (
        "{path} has files that are not written as {format!r} and would be lost: "
        "{names}. Name another folder, or move them."
    )

    GP190 = (
        "{path} cannot be read as a whole: {reasons}. Nothing may be left out without "
        "a word: repair these, remove them, or move them elsewhere (`spacy "
        "global-pointer convert` has --exclude)."
    )
    GP191 = (
        "Another process converts into {path}. Wait until it ends, or name another "
        "output folder."
    )
    GP192 = (
        "{path}: {reason}. You may not read or write there. Change the permissions, or "
        "name another place."
    )

    # The machine
    GP196 = (
        "{path} could not be written: {reason}. The disk is full, or your share of it "
        "is used up. No file was written in part. Free some space, or name a place on "
        "another disk."
    )
    GP197 = (
        "The memory does not suffice: {reason}. No file was written in part. Close "
        "other programs, or give the command less at once: several shorter files, "
        "smaller batches or shorter windows."
    )
    GP198 = (
        "There is no folder for temporary files: {reason}. Set the environment "
        "variable TMPDIR to a folder that you may write to."
    )
    GP199 = (
        "{path}: {reason}. It is in use, or a disk of its own, such as a volume of a "
        "container, which cannot be replaced as a whole. Name a file or folder in it."
    )

    # Pre-training
    GP200 = (
        "The tokenizer of the {name} encoder has no piece that masks others, such as "
        "[MASK], which the generator needs. Take an encoder that was trained with one."
    )
    GP201 = (
        "{path} is no file or folder of texts: a file ends in .txt, .jsonl (the first "
        "two also with .gz) or .spacy. Rename or unpack it, or name others."
    )
    GP202 = (
        "The texts give {n} different sequences of up to {length} word pieces; at "
        "least {least} are needed. Pass more text, or a shorter --length."
    )
    GP203 = (
        "{path} exists. Remove it, or name another folder. --force replaces a folder "
        "that has a {note}, which this command writes, and no other."
    )
    GP204 = (
        "There is no checkpoint to go on from in {path}: {reason}. Start anew without "
        "--resume; --force removes what is there."
    )
    GP205 = (
        "{path} is of another run: its {others}. Give the command the same encoder, "
        "texts and settings, or start anew with --force."
    )
    GP206 = (
        "{path} has the checkpoint of an interrupted run. Go on with --resume, or "
        "start anew with --force."
    )
    GP207 = (
        "The loss of step {step}, or its gradient, is not a finite number. Go on from "
        "the last checkpoint on another device, or start anew with a lower learning "
        "rate."
    )
    GP208 = "{name} is {value!r}, but must be {rule}."
    GP209 = (
        "A {kind} encoder cannot be pre-trained: its embeddings are not laid out as "
        "those of BERT. Take one of the families of BERT, ELECTRA, RoBERTa, ALBERT or "
        "Longformer."
    )

    GP240 = (
        "Line {line} of {path} is not what the pre-training wrote there: {reason}. "
        "Remove that file to continue without the figures so far, or start anew with "
        "--force."
    )

    # Interrupted training
    GP210 = (
        "{path} holds a training or its pipelines ({held}), which would be lost. Pass "
        "--resume to continue it, --force to remove it and begin anew, or another "
        "--output."
    )
    GP211 = (
        "The training in {path} is another one, and would not end as it began: "
        "{changes}\nPut back what was there, pass --force to remove it and begin anew, "
        "or name another --output. (Files may lie elsewhere if their content is the "
        "same; [training.logger] may change.)"
    )
    GP212 = (
        "{path} is damaged: {reason}. Nothing was changed. Copy it again from a "
        "backup, or pass --force to begin anew; model-best and model-last beside it "
        "are whole."
    )
    GP213 = (
        "The checkpoint {path} has the format {format!r}, and this version reads "
        "{known!r}. Continue with the version that wrote it, or pass --force to begin "
        "anew."
    )
    GP214 = (
        "The training corpus does not give the batches that it gave before the "
        "interruption (noticed after {step} of {steps} steps). Its reader, batcher or "
        "augmenter must give the same each time, from the same files and random "
        "numbers. Repair that, or pass --force to begin anew."
    )
    GP215 = (
        "{path} holds {held}, but no checkpoint: it was removed, or the pipelines come "
        "from elsewhere. There is nothing to continue. Pass --force to remove them and "
        "begin anew, or name another --output."
    )
    GP216 = (
        "The optimizer updates {n} parameters that are in no component's model: "
        "{names}. Their state cannot be stored. Give the component that has them an "
        "attribute `model` that holds them, or train with `spacy train`."
    )
    GP217 = (
        "The checkpoint has {n} parameters that the pipeline lacks: {first!r} is the "
        "first. The code of a component or of an architecture has changed. Put it "
        "back, or pass --force to begin anew."
    )
    GP218 = (
        "Another process trains in {path}. Wait until it ends, or name another "
        "--output."
    )
    GP219 = (
        "--resume continues a training and --force removes it: only one can be done."
    )

    # Training
    GP220 = (
        "output_file of the training's logger is {path}, which is a folder. Name a "
        "file in it, such as log.jsonl."
    )
    GP221 = (
        "output_file of the training's logger is {path}, but line {line} of that file "
        "is not what the logger writes. Name another file, or remove this one."
    )
    GP222 = (
        "The corpus spacy-globalpointer.RareLabelsCorpus.v1 cannot be streamed "
        "(training.max_epochs = -1): nobody would shuffle its repetitions. Set "
        "max_epochs to 0 or more, or leave it out."
    )
    GP231 = (
        "{path} is damaged: nobody can tell what the encoder beside it was made "
        "from. Name another folder, or pass --force to make it anew."
    )
    GP230 = (
        "The recipe {name!r} has no encoder, but {encoder!r} was given. Leave it out, "
        "or take a recipe of the encoder's family."
    )
    GP241 = (
        "{option} is {value!r}, which a config cannot hold: it has {what} in it. Name "
        "it otherwise; a folder can be renamed or linked to."
    )
    GP229 = "{path} exists. Name another file, or pass --force to replace it."
    GP228 = (
        "There is no recipe {name!r}. The recipes are {known}; `spacy global-pointer "
        "config` lists them with their encoders."
    )
    GP227 = (
        "least_share is {value!r}, but must be above 0 and up to 1: the share of the "
        "examples below which a label counts as rare."
    )
    GP226 = (
        "{name} of the loss spacy-globalpointer.SpanLoss.v1 is {value!r}, but must be "
        "{rule}."
    )
    GP225 = (
        "{name} of the schedule spacy-globalpointer.cosine.v1 is {value!r}, but must "
        "be {rule}."
    )


class Warnings(metaclass=_Coded):
    """Texts for ``warnings.warn``; ``str.format`` fills in the fields."""

    GPW001 = (
        "'{name}' got no vector for any of the {n} tokens of a batch. The transformer "
        "(or tok2vec) it listens to is disabled or missing, or drops all their "
        "characters, so that no span can be found. Enable it, or replace the listener "
        "with nlp.replace_listeners."
    )
    GPW002 = (
        "'{name}' got no vector for {n} of the {total} tokens of a batch: the encoder "
        "cut them off at its maximum length, or its tokenizer drops their characters. "
        "Spans there will be missed. spacy-globalpointer.TransformerModel.v1 cuts off "
        "nothing; else use shorter windows ([components.transformer.model.get_spans]). "
        "Further batches are not reported."
    )
    GPW003 = (
        "'{name}' cannot learn {n} of {n_spans} gold spans under doc.spans[{key!r}]: "
        "they do not begin and end at tokens. They count as missed in the evaluation. "
        "`spacy global-pointer convert` lists them in rejects.jsonl."
    )
    GPW004 = (
        "'{name}' found {n} spans above the threshold in a document and kept the "
        "{limit} most probable (max_spans_per_doc). Expected for a threshold near 0 or "
        "an untrained model; else raise max_spans_per_doc. Further documents are not "
        "reported."
    )
    GPW005 = (
        "[training.score_weights] counts {weights}, but '{name}' writes its scores as "
        "{mine}f, {mine}p and {mine}r. The best model would be chosen blindly. Set "
        "{mine}f = 1.0 there."
    )
    GPW006 = (
        "'{name}' cannot learn {n} of {n_spans} gold spans under doc.spans[{key!r}]: "
        "they are longer than max_span_length = {bound} (the longest has {longest} "
        "tokens). They count as missed in the evaluation. Raise max_span_length or set "
        "it to null."
    )
    GPW007 = (
        "'{name}': {n} of {n_docs} documents have no doc.spans[{key!r}]. Training "
        "takes them as documents without spans, but the scorer leaves them out. Set "
        "doc.spans[{key!r}] = [] on documents that were annotated and have none."
    )
    GPW008 = (
        "The settings {changed} of '{name}' were changed at run time. They are not "
        "saved: settings are the config's. Assign them as attributes of the component "
        "(nlp.get_pipe({name!r}).SETTING = VALUE), which changes the config too; that "
        "of a component that was sourced from another pipeline, set with "
        'nlp.get_pipe_config({name!r})["SETTING"] = VALUE as well. Or load the '
        'pipeline with spacy.load(path, config={{"components.{name}.SETTING": '
        "VALUE}}), or edit its config.cfg."
    )
    GPW050 = (
        "'{name}' has no setting {given!r}, so that assigning it changes nothing. Did "
        "you mean {near!r}?"
    )
    GPW009 = (
        "'{name}' cannot return about {n} of {n_spans} gold spans under "
        "doc.spans[{key!r}] beside the others: overlap = {overlap!r} does not let them "
        'stand together. They count as missed in the evaluation. Set overlap to "any", '
        'or to "nested" if no two spans cross.'
    )
    GPW012 = (
        "The present thresholds {thresholds} of '{name}' are below {lowest}, from "
        "where on spans were looked at. Their figures are those with {lowest} in place "
        "of them. Pass a smaller --lowest to see their own."
    )
    GPW013 = (
        "The best threshold of '{name}' keeps all spans that were looked at, so that "
        "one below {lowest} may be better. Pass a smaller --lowest."
    )
    GPW015 = (
        "There are only {gold} in {documents}: thresholds chosen on so few tell little "
        "about other spans. Tune on more documents, or keep the thresholds so far."
    )
    GPW017 = (
        "No file of {path} fits --exclude {patterns}. A pattern is compared with a "
        "file's path in the corpus and with its name, * standing for anything. The "
        "corpus has: {names}."
    )
    GPW115 = (
        "{file}: offsets are read as {chosen}, since {spans} the texts only so, and "
        "not as {first}, which is usual in the format. If that is wrong, correct the "
        "offsets, or name what they are with the format's options (docs/formats.md)."
    )
    GPW016 = (
        "'{name}' weighs labels by their number of gold spans, but saw none of "
        "{labels} when it was initialized (of a corpus that is streamed it sees 100 "
        "examples). They have the weight 1. Give label_weights by label instead."
    )
    GPW125 = (
        "An earlier process was killed while it replaced {path}, or files in it. That "
        "was undone: what was there before is back."
    )
    GPW126 = (
        "These links in {path} lead to folders that are read by another path, or that "
        "the links lie in. They were not read again: {names}."
    )
    GPW129 = (
        "{format} has fields of its own with these names, so that metadata under them "
        "were not written: {keys}. Rename them, or choose a format that keeps metadata "
        "apart, such as jsonl."
    )
    GPW051 = (
        "{documents} no annotation with a span, but predictions, which were not taken. "
        "To convert the predictions, pass --option predictions=true."
    )
    GPW040 = (
        "Groups of doc.spans give different scores to the same span: {keys}. A Span "
        "does not know its group, so span._.span_score is None. Read the scores of "
        "one group with spacy_globalpointer.span_scores(doc.spans[KEY])."
    )
    GPW014 = (
        "{n} of {total} documents have no doc.spans[{key!r}] and are left out as not "
        "annotated. Set doc.spans[{key!r}] = [] on documents that were annotated and "
        "have none."
    )
    GPW018 = (
        "transformer_config sets {setting!r}, which {kind} of the encoder {name} does "
        "not have: it does nothing. Settings with such names are: {near}."
    )
    GPW210 = (
        "The training was interrupted on another machine: {changes}. "
        "The last digits of the weights may differ from those of a training without "
        "interruption."
    )
    GPW211 = (
        "{path} has lost its model-best. There will be none, unless a later evaluation "
        "is better than all before."
    )
    GPW212 = (
        "The encoder {encoder} is not there yet. The config names it all the same; a "
        "relative path counts from where `spacy train` is run."
    )
    GPW213 = (
        "spaCy itself has no language of the code {lang!r}. Pass one such as en, de or "
        "zh, or xx for any; if it is a language of your own, `spacy train` needs its "
        "--code."
    )
