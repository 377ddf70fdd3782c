"""People and projects: who somebody is, and what they may do."""
