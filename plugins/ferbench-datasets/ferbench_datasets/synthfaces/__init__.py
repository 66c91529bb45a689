"""Synthfaces: drawn faces with known expressions, subjects and clips; our own drawing, nothing copied."""
