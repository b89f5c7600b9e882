"""The level of white noise in signals of any kind, by a tiny network. NumPy alone."""
