"""From samples to face crops: detect, crop, cache."""
