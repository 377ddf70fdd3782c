"""What presses every control of every page: the pages, their controls, and what must come of it."""
