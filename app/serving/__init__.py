"""The hot path: requests of mail clients for known domains, answered before FastAPI sees them.

What is answered here is what the ordinary routes would answer, byte for byte; everything else is theirs.
"""
