"""What is learned from what. Free of Keras."""
