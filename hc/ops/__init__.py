"""Running an installation: preparing it, starting its processes, judging its configuration."""
