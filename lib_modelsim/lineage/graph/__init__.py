"""Who descends from whom: the models of one network as a graph, every edge with its evidence."""
