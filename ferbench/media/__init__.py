"""People's pictures and videos, one frame at a time."""
