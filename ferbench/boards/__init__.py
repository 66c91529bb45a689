"""Bundles to pages: leaderboards, and papers' tables."""
