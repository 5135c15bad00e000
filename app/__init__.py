"""Signpost: mail account auto-configuration for hosting companies."""

__version__ = "0.1.0"
