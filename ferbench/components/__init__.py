"""What plugins offer: found, named, checked, and put together into a pipeline."""
