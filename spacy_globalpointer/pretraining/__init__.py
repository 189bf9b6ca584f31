"""Pre-training of an encoder: replaced tokens are detected."""
