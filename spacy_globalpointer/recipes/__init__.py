"""Training configs for families of encoders, made of one base."""
