"""The database engine `hc.lib.postgresql`: Django's, with a cheaper look at kept connections."""
