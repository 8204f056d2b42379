"""The same pictures from every checkpoint: suites of probes, engines that generate them, a gallery on disk."""
