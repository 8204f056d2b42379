"""Targets that nothing was mixed for."""
