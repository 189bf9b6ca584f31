"""A logger that shows how a training gets on."""
