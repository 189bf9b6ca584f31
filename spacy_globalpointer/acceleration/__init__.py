"""Pipelines whose encoder is faster on a CPU, checked before they are used."""
