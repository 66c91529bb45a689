"""One run, from a plan to a bundle; and the same run again."""
