"""What any room may use, and what knows nothing of faces: hashes, atomic writes, processes, progress, weights."""
