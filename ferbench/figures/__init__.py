"""Figures of results: one file a figure. Importing this package imports no matplotlib."""
