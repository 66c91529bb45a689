"""Figures of results: one file per figure. Importing this package does not import matplotlib."""
