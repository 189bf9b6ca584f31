"""Annotating many documents: in Python, in files and frames, with Ray and Spark."""
