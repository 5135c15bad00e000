"""Verification: plan what to ask, ask, judge what was seen, report."""
