"""What speaks for a model, one file for each kind: the picture's record, a picture in the gallery, its style, its VAE,
generating it again."""
