"""The write functions for checks and channels: every change a person or a script may make."""
