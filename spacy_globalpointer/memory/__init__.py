"""Memories that a component reads beside the text. This room knows neither spaCy nor
Thinc."""
