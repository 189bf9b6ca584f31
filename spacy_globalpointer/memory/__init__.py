"""Memories that are read in addition to the text. This subpackage imports neither spaCy
nor Thinc."""
