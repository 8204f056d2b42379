"""Recipes as a person reads them, and in JSON."""
