"""Arrays → files that other programs read."""
