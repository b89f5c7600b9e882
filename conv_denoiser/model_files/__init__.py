"""Models on disk: containers of arrays and JSON, and what they say."""
