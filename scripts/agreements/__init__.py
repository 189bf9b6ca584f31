"""Wording and composition of the bundled agreements."""
