"""What the sides of a split share."""
