"""One picture → ranked models with evidence."""
