"""The API for scripts and services."""
