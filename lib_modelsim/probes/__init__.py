"""The same standardized pictures from every checkpoint: suites of probes, what draws them, a gallery on disk."""
