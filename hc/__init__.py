"""A monitor for cron jobs and scheduled tasks."""

__version__ = "0.1.0"
