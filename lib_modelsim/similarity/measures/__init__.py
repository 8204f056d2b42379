"""The measures, one definition each; `registry` lists them. How to add one: docs/extending.md."""
