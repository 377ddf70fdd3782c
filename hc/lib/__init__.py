"""Small helpers: adapters to the outside world, and what several rooms need."""
