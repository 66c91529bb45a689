"""What plugins offer: discovered, named, checked, and put together into a pipeline."""
