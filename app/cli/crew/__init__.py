"""``signpost serve``: one process that serves, or several and one that sees to them."""
