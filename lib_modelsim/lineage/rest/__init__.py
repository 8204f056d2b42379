"""What is left of a target after its parents' shares."""
