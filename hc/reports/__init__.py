"""Telling people how it went: reports by day, week or month, and reminders of what is down."""
