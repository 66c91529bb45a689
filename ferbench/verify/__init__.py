"""Whether a bundle can be believed; submissions."""
