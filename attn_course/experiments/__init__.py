"""The experiments of the chapters: what a page runs live and what a script runs at length, in one place each."""
