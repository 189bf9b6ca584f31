"""What happens while weights are learnt: schedules, loops, loggers."""
