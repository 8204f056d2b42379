"""What a picture says of how it was made: `places/` gathers the texts of a file, `programs/` understands them,
`reading` puts the answers together."""
