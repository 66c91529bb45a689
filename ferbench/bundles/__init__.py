"""A result bundle on disk: its schema, files, scores, intervals and comparisons."""
