"""Files of other programs, so that leaving is as easy as coming; what they cannot hold is told."""
