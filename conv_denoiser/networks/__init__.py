"""Networks that denoise, and the TensorFlow process that they run in."""
