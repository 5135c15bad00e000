"""Documents of others, read into core values. Pure and hardened."""
