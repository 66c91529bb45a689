"""Many runs, on any number of machines."""
