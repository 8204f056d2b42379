"""The command line: `main` parses and runs, `documents` makes the JSON, `text` what people read."""
