"""Housekeeping: what is too old goes, what is worth keeping is summed up before."""
