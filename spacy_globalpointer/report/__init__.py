"""Pages: spans drawn on their texts, and the report of an evaluation."""

from .picture import Picture, render, to_displacy

__all__ = ["Picture", "render", "to_displacy"]
