"""The same pictures from every checkpoint: generating, viewing, comparing them."""
