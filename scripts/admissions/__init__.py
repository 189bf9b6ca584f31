"""The generator of the bundled Chinese corpus."""
