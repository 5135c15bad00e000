"""HTTP for machines: client endpoints built from FORMATS, and the management API."""
