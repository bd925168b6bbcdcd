"""What meshctl costs, side by side with kubectl, on this machine: `python -m benchmarks`."""
