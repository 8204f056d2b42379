"""Trains the networks of the demonstration family and writes their packed files, lib_modelsim/demo/weights.

Everything is made here: the pictures are drawn by `subjects`, `scenes` and `styles`, the texts by `captions`. No
weights, pictures or texts of others go in, so the results are under this project's licence.

What made it work on a CPU: bfloat16 with channels first; attention in plain products, with pictures that share a
caption; a VAE that begins as thumbnails; a text encoder that is taught words before a UNet sees it; latents and
contexts computed once.
"""
