"""Training that continues after an interruption as if there had been none."""
