"""What the gateway costs: commands that measure, each runnable as `python -m benchmarks.<name>`."""
