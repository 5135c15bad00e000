"""Pages on which people set up their mail programs: the start, what there is, one program's instructions.

The address is in the query, so that there are links to pages and forms that need no script. Any address of a
known domain is answered alike: nothing tells whether a mailbox exists.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from app.web.answering import page_route
from app.web.setup.pages import send_colour, show_overview, show_program

if TYPE_CHECKING:
    from starlette.routing import BaseRoute

PATH: Final = "/setup"
ROUTES: Final[tuple[BaseRoute, ...]] = (
    page_route(PATH, show_overview),
    page_route(f"{PATH}/colours/{{colour}}.css", send_colour),
    page_route(f"{PATH}/{{program}}", show_program),
)
