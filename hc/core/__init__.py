"""The rules: pure functions over small frozen values.

No Django, no database, no clock: the time is an argument. Everything above may import this;
this imports nothing of ours.
"""
