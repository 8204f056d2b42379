"""Arrays → figures; no files, no page."""
