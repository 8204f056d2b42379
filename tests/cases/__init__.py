"""Files that people reported as told wrongly, each with what they need: shared/cases/weights."""
