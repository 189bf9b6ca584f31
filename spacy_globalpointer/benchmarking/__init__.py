"""Speed, memory and size of pipelines."""
