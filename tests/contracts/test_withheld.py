"""A server that had to be withheld is stored all the same: nothing is told in its place, in any format."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from app.core.documents import ClientRequest, Presentation
from app.core.servers import ServerType
from app.renderers import FORMATS, FORMATS_BY_NAME

from builders import a_pop3_server, a_url_server, an_account, an_imap_server, an_smtp_server
from contracts.accounts import ACCOUNTS, addressed
from contracts.clients import thunderbird
from contracts.clients.settings import Configured

if TYPE_CHECKING:
    from app.core.account import AccountSettings
    from app.core.documents import ClientFormat

JANE = "jane@customer.example"
WITHHELD = {"hostname": "%NODE%.provider.example"}
POP3_HOST = b"pop.provider.example"
AUTOCONFIG = ("autoconfig", "autoconfig-full")
ACCOUNT = addressed(ACCOUNTS["imap-withheld"])
# The same, where there is more for a format to tell.
WITH_EXCHANGE = an_account(
    an_imap_server(**WITHHELD),
    a_pop3_server(),
    an_smtp_server(),
    a_url_server(),
    a_url_server(ServerType.ACTIVESYNC),
    address=JANE,
)


def reasons(client_format: ClientFormat, account: AccountSettings) -> dict[str | None, str]:
    found = client_format.render(account, Presentation()).omissions
    return {omission.server: omission.reason for omission in found}


@pytest.mark.parametrize("account", [ACCOUNT, WITH_EXCHANGE], ids=["mail", "exchange"])
@pytest.mark.parametrize("client_format", FORMATS, ids=lambda found: found.name)
def test_pop3_is_not_told_in_place_of_imap(client_format: ClientFormat, account: AccountSettings) -> None:
    assert POP3_HOST not in client_format.render(account, Presentation()).body


@pytest.mark.parametrize("name", ["autoconfig", "autoconfig-full", "autodiscover", "mobileconfig", "pacc"])
def test_it_is_said_why(name: str) -> None:
    found = reasons(FORMATS_BY_NAME[name], ACCOUNT)
    assert (found["imap"], found["pop3"]) == ("variable-missing", "imap-missing")


def test_settings_of_soap_say_why_too() -> None:
    assert reasons(FORMATS_BY_NAME["autodiscover-soap"], WITH_EXCHANGE)["pop3"] == "imap-missing"


@pytest.mark.parametrize("name", AUTOCONFIG)
@pytest.mark.parametrize("account", [ACCOUNTS["imap-withheld"], ACCOUNTS["send-only"]])
def test_autoconfig_without_a_server_to_receive_from_is_not_found(
    name: str, account: AccountSettings
) -> None:
    client_format = FORMATS_BY_NAME[name]
    request = ClientRequest(
        host="autoconfig.customer.example", path_parameters={"domain": account.domain.ascii}
    )
    assert client_format.inquire(request).answer((account,)).status == 404
    assert reasons(client_format, account)[None] == "mail-missing"


@pytest.mark.parametrize("name", AUTOCONFIG)
@pytest.mark.parametrize("account", ACCOUNTS.values(), ids=ACCOUNTS)
def test_what_thunderbird_would_refuse_for_want_of_a_server_to_receive_from_is_not_served(
    name: str, account: AccountSettings
) -> None:
    document = FORMATS_BY_NAME[name].render(account, Presentation())
    result = thunderbird.read(document.body, JANE)
    assert not document.is_usable or b"<incomingServer" in document.body
    assert document.is_usable or not isinstance(result, Configured)


def test_a_profile_with_calendars_alone_is_not_made_for_mail_that_is_withheld() -> None:
    mail = (an_imap_server(**WITHHELD), an_smtp_server(**WITHHELD))
    account = an_account(*mail, a_url_server(ServerType.CALDAV), address=JANE)
    assert not FORMATS_BY_NAME["mobileconfig"].render(account, Presentation()).is_usable
