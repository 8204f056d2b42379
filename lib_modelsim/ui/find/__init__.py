"""The page Find my model."""
