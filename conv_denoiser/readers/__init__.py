"""Recordings in files."""
