"""The database. Rows never leave it: core values go in and come out."""
