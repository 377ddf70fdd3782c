"""How people are told: one folder per service."""
