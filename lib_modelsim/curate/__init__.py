"""Many pictures → scores, map, clusters, the best ones, duplicates."""
