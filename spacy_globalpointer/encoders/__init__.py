"""Thinc layers that turn documents of any length into vectors of their word pieces."""
