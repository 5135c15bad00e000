"""Setup instructions for people: what to press and what to enter, in one program after the other.

A client is one module in ``clients``, a language one catalogue in ``catalogues``. The servers are those
of ``app.core.mail_choice``, as in every other format, so that no two ways can show different settings.
"""
