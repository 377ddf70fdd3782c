"""Alerts out: from a deadline that passed, or a failure, to a message that was delivered."""
