"""Training that continues after an interruption with the same result."""
