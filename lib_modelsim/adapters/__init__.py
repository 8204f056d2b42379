"""Adapters: files that hold a change of a checkpoint rather than a checkpoint (LoRA and its kin).

Reading: `formats` (what a layer of each kind holds), `spelling` (a key → module and role), `bases` (module names → the
network), `naming` (modules → the network's common keys), `whole_files` (what is no list of layers), `reading` (all of
it together). Algebra: `changes` (one layer's effective change), `products` (inner products of all pairs).
"""
