"""The command ``signpost``: one module per verb."""
