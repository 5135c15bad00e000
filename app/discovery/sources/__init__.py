"""The mechanisms, in the order in which what they say counts; one module each.

The order is the autoconfig draft's, which Thunderbird keeps: what the domain itself says before what
others say of it, a whole document before records that name hosts alone. PACC, whose document the domain's
own zone vouches for, is before all others. Autodiscover is last: clients other than Outlook fall back to it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from app.discovery.sources import (
    autoconfig_host,
    autodiscover,
    autodiscover_json,
    ispdb,
    mail_exchanger,
    pacc,
    srv,
    well_known,
)

if TYPE_CHECKING:
    from app.discovery.source import Source

SOURCES: Final[tuple[Source, ...]] = (
    pacc.SOURCE,
    autoconfig_host.SOURCE,
    well_known.SOURCE,
    autoconfig_host.PLAIN,
    well_known.PLAIN,
    ispdb.SOURCE,
    mail_exchanger.SOURCE,
    srv.SOURCE,
    autodiscover.ROOT,
    autodiscover.HOST,
    autodiscover.REDIRECT,
    autodiscover.RECORD,
    autodiscover_json.SOURCE,
    autodiscover.ROOT_GET,
    autodiscover.HOST_GET,
)
