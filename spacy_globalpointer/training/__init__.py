"""Training: resuming, learning rate schedules, and the progress logger."""
