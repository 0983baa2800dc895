"""What a person runs: command line, console, benchmarks."""

__version__ = "0.1.0"
