"""Values and rules of mail auto-configuration. Pure: no I/O, no clock, no randomness."""
