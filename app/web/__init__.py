"""Pages for people: server-rendered, complete without script, with nothing from another host.

Siblings of the API: neither imports the other. ``app.main`` adds these routes after the API's own.
"""
