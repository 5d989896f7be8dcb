"""Cases of the exercises, for chapters whose module would be too long with them."""
