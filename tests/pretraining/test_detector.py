"""Replaced pieces and the losses."""

from __future__ import annotations

import pytest
import torch
from pretraining_helpers import make_run
from torch.nn import functional as F

from spacy_globalpointer.pretraining import detector
from spacy_globalpointer.pretraining.masking import Batch


def make_batch():
    """Two sequences, of which three pieces are masked."""
    ids = torch.tensor([[2, 10, 11, 12, 13, 3], [2, 20, 21, 3, 0, 0]])
    mask = torch.tensor([[1, 1, 1, 1, 1, 1], [1, 1, 1, 1, 0, 0]])
    is_text = torch.tensor([[0, 1, 1, 1, 1, 0], [0, 1, 1, 0, 0, 0]]).bool()
    return Batch(ids, mask, is_text, torch.tensor([1, 3, 7]))


def test_drawing_the_original_piece_replaces_nothing(tmp_path, monkeypatch):
    run = make_run(tmp_path)
    monkeypatch.setattr(detector, "sample", lambda logits: torch.tensor([10, 99, 98]))
    result = run.model(make_batch())
    # Pieces 1 to 4 of the first sequence, 1 and 2 of the second.
    assert result.is_replaced.tolist() == [False, False, True, False, True, False]


def test_the_generator_reads_masks_and_the_encoder_drawn_pieces(tmp_path, monkeypatch):
    run = make_run(tmp_path)
    seen = {}
    monkeypatch.setattr(detector, "sample", lambda logits: torch.tensor([10, 99, 98]))
    forward = run.model.generator.forward
    monkeypatch.setattr(
        run.model.generator,
        "forward",
        lambda ids, *rest: seen.update(generator=ids) or forward(ids, *rest),
    )
    run.encoder.module.register_forward_pre_hook(
        lambda module, args, kwargs: seen.update(encoder=kwargs["input_ids"]),
        with_kwargs=True,
    )
    run.model(make_batch())
    [mask] = {run.encoder.tokenizer.mask_token_id}
    rows = [[2, mask, 11, mask, 13, 3], [2, mask, 21, 3, 0, 0]]
    assert seen["generator"].tolist() == rows
    assert seen["encoder"].tolist() == [[2, 10, 11, 99, 13, 3], [2, 98, 21, 3, 0, 0]]


def test_losses_are_means_over_places_and_over_pieces_of_the_text(tmp_path):
    run = make_run(tmp_path)
    run.model.eval()
    batch = make_batch()
    torch.nn.init.normal_(run.model.head[-1].weight)
    result = run.model(batch)
    masked = batch.ids.clone()
    masked[[0, 0, 1], [1, 3, 1]] = run.encoder.tokenizer.mask_token_id
    logits = run.model.generator(masked, batch.mask, batch.places)
    losses = [-row.log_softmax(0)[i] for row, i in zip(logits, (10, 12, 20))]
    assert torch.allclose(result.generator_loss, torch.stack(losses).mean())
    truth = result.is_replaced
    losses = [-F.logsigmoid(s if t else -s) for s, t in zip(result.scores, truth)]
    assert torch.allclose(result.detector_loss, torch.stack(losses).mean())
    assert (
        result.is_right.tolist()
        == (logits.argmax(1) == batch.ids[[0, 0, 1], [1, 3, 1]]).tolist()
    )


def test_padding_changes_nothing(tmp_path, monkeypatch):
    run = make_run(tmp_path)
    run.model.eval()
    torch.nn.init.normal_(run.model.head[-1].weight)
    monkeypatch.setattr(detector, "sample", lambda x: torch.full((len(x),), 50))
    whole = run.model(make_batch())
    second = Batch(*(x[1:, :4] for x in make_batch()[:3]), torch.tensor([1]))
    alone = run.model(second)
    assert torch.allclose(whole.scores[4:], alone.scores, atol=1e-5)


@pytest.mark.parametrize("kind", ["copy", "small"])
@pytest.mark.parametrize("shared", [False, True])
def test_the_gradient_is_that_of_the_loss(kind, shared, tmp_path):
    """Differences along random directions, in float64, with the same draws."""
    run = make_run(tmp_path, generator=kind, shared_gradient=shared)
    model = run.model.double().eval()
    torch.nn.init.normal_(model.head[-1].weight, std=0.3)
    batch = make_batch()

    def losses():
        torch.manual_seed(3)
        result = model(batch)
        return result.generator_loss, result.detector_loss

    encoder, generator, head = (list(part.values()) for part in model.parts())
    detected = encoder + generator + head if shared else encoder + head
    parts = [(generator, 0)] + [(detected, None if shared else 1)]
    for parameters, which in parts:
        model.zero_grad()
        values = losses()
        chosen = values[0] + 50 * values[1] if which is None else values[which]
        chosen.backward()
        directions = [torch.randn_like(x) for x in parameters]
        slope = sum(
            float((x.grad * d).sum())
            for x, d in zip(parameters, directions)
            if x.grad is not None
        )
        ends = []
        for sign in (1, -1):
            for x, d in zip(parameters, directions):
                x.data += sign * 1e-6 * d
            values = losses()
            total = values[0] + 50 * values[1] if which is None else values[which]
            ends.append(total.item())
            for x, d in zip(parameters, directions):
                x.data -= sign * 1e-6 * d
        assert slope == pytest.approx((ends[0] - ends[1]) / 2e-6, rel=1e-4)


@pytest.mark.parametrize("kind", ["copy", "small"])
@pytest.mark.parametrize("shared", [False, True])
def test_shared_gradient_reaches_the_embeddings(kind, shared, tmp_path):
    run = make_run(tmp_path, generator=kind, shared_gradient=shared)
    run.model(make_batch()).generator_loss.backward()
    encoder, generator, head = run.model.parts()
    trained = [name for name, x in encoder.items() if x.grad is not None]
    words = "encoder.embeddings.word_embeddings.weight"
    assert (words in trained) == shared
    assert shared or not trained
    assert all(x.grad is None for x in head.values())
    assert generator["generator.bias"].grad is not None


def test_parts_have_each_parameter_once(tmp_path):
    for kind in ("copy", "small"):
        model = make_run(tmp_path, generator=kind).model
        found = [id(x) for part in model.parts() for x in part.values()]
        assert len(found) == len(set(found)) == len(list(model.parameters()))


def test_a_new_head_predicts_the_fraction_of_masked_pieces(tmp_path):
    run = make_run(tmp_path, mask=0.25)
    scores = run.model(make_batch()).scores
    assert torch.allclose(scores.sigmoid(), torch.full((6,), 0.25))
