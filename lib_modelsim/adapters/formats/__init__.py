"""The kinds of layers, one file each; `registry` lists them."""
