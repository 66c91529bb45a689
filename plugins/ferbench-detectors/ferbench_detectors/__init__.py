"""Face detectors for ferbench."""
