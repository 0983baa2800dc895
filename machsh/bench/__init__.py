"""Measurements: what things cost in wall time, each beside a floor measured in the same run."""
