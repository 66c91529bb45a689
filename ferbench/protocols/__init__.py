"""Which samples may be used for what."""
