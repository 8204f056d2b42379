"""The programs that modelsim runs in: one interface, and a file for each."""
