"""Runners: each computes the forward pass of an encoder with another library."""
