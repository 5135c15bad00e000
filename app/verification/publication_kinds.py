"""What may be found about a domain's DNS records and about the documents that its names return."""

from __future__ import annotations

from typing import Final

from app.core.findings import FindingKind, Severity

_SETTINGS_BY_HAND: Final = "Mail programs that look there do not find the settings; people type them in."
_OTHER_SERVER: Final = "Mail programs that look there get other settings, or none."

NAME_MISSING: Final = FindingKind(
    code="dns.name-missing",
    severity=Severity.WARNING,
    statement="The name {name} is not in the DNS.",
    meaning=_SETTINGS_BY_HAND,
    advice="Publish the record {name} {type} {wanted}.",
)
NAME_ELSEWHERE: Final = FindingKind(
    code="dns.name-elsewhere",
    severity=Severity.WARNING,
    statement="The name {name} does not lead to this service, but to {found}.",
    meaning=_OTHER_SERVER,
    advice="Publish the record {name} {type} {wanted} in place of what is there.",
)
RECORD_MISSING: Final = FindingKind(
    code="dns.record-missing",
    severity=Severity.WARNING,
    statement="The {type} record of {name} is not in the DNS.",
    meaning=_SETTINGS_BY_HAND,
    advice="Publish the record {name} {type} {wanted}.",
)
CLOSED_MISSING: Final = FindingKind(
    code="dns.closed-missing",
    severity=Severity.INFO,
    statement="No record says that there is no service {name}.",
    meaning="Some mail programs try servers that are not there before they find the right one.",
    advice="Publish the record {name} {type} {wanted}.",
)
RECORD_DIFFERENT: Final = FindingKind(
    code="dns.record-different",
    severity=Severity.WARNING,
    statement="The {type} record of {name} is {found}, not {wanted}.",
    meaning=_OTHER_SERVER,
    advice="Publish the record {name} {type} {wanted} in place of what is there.",
)
DIGEST_DIFFERENT: Final = FindingKind(
    code="dns.digest-different",
    severity=Severity.BAD,
    statement="The record {name} is not for the current document: {found}.",
    meaning="Mail programs that read the document throw it away.",
    advice="Publish the record {name} {type} {wanted} in place of what is there.",
)
DIGEST_INCOMPLETE: Final = FindingKind(
    code="dns.digest-incomplete",
    severity=Severity.INFO,
    statement="The record {name} lacks the digest of the document with other host names: {found}.",
    meaning="Once the certificates call for that document, mail programs that read it throw it away.",
    advice="Publish the record {name} {type} {wanted} beside what is there.",
)
RECORD_CONFLICTING: Final = FindingKind(
    code="dns.record-conflicting",
    severity=Severity.WARNING,
    statement="The {type} record of {name} is contradicted by what else is there: {found}; {detail}.",
    meaning="Mail programs may get other settings, or none.",
    advice="Leave {wanted} alone at {name}.",
)
NOT_KNOWN: Final = FindingKind(
    code="dns.not-known",
    severity=Severity.UNTESTED,
    statement="The DNS gave no answer for the {type} record of {name}: {detail}",
    meaning="It is not known what is published.",
    advice="Look at the name servers of {name} if this lasts.",
)
HOST_MISSING: Final = FindingKind(
    code="document.host-missing",
    severity=Severity.WARNING,
    statement="The host of {url} is not in the DNS.",
    meaning=_SETTINGS_BY_HAND,
    advice="Publish the records that this service lists for the domain.",
)
UNREACHABLE: Final = FindingKind(
    code="document.unreachable",
    severity=Severity.BAD,
    statement="Nothing answers at {url}: {detail}",
    meaning=_SETTINGS_BY_HAND,
    advice="Let the web server in front of this service answer at {host}.",
)
UNTESTED: Final = FindingKind(
    code="document.not-tested",
    severity=Severity.UNTESTED,
    statement="{url} could not be fetched: {detail}",
    meaning="It is not known what mail programs get there.",
    advice="Nothing, if this is gone soon.",
)
HTTP_ONLY: Final = FindingKind(
    code="document.http-only",
    severity=Severity.WARNING,
    statement="The settings are at {host} over http only: {detail}",
    meaning="Mail programs that insist on https do not find the settings; others get them unprotected.",
    advice="Get a certificate for {host}, and answer there over https.",
)
NOT_FOUND: Final = FindingKind(
    code="document.not-found",
    severity=Severity.BAD,
    statement="{url} has no document (status {status}).",
    meaning=_SETTINGS_BY_HAND,
    advice="Let {host} lead to this service, and its proxy pass this path on.",
)
SERVER_ERROR: Final = FindingKind(
    code="document.server-error",
    severity=Severity.BAD,
    statement="What answers at {url} has a fault (status {status}).",
    meaning=_SETTINGS_BY_HAND,
    advice="Look at the web server at {host}, and whether it leads to this service.",
)
CATCH_ALL: Final = FindingKind(
    code="document.catch-all",
    severity=Severity.BAD,
    statement="{url} returns a page of some web site in place of the document.",
    meaning="Mail programs take the page for broken settings, and some look no further.",
    advice="Let {host} lead to this service, not to a web site that answers for every name.",
)
REDIRECT_LOOP: Final = FindingKind(
    code="document.redirect-loop",
    severity=Severity.BAD,
    statement="{url} leads from one URL to the next and does not arrive; the last one was {last}.",
    meaning=_SETTINGS_BY_HAND,
    advice="Correct the redirects of {host}.",
)
LEADS_NOWHERE: Final = FindingKind(
    code="document.leads-nowhere",
    severity=Severity.BAD,
    statement="{url} leads to {last}, which cannot be reached: {detail}",
    meaning=_SETTINGS_BY_HAND,
    advice="Correct the redirects of {host}, or repair the server to which they lead.",
)
LEADS_TO_PLAIN: Final = FindingKind(
    code="document.leads-to-plain",
    severity=Severity.BAD,
    statement="{url} leads to {last}, which is not encrypted.",
    meaning="Many mail programs refuse to follow; others get settings that anybody on the way can change.",
    advice="Let the redirects of {host} lead to https.",
)
NOT_CURRENT: Final = FindingKind(
    code="document.not-current",
    severity=Severity.WARNING,
    statement="{url} returns another document than this service has.",
    meaning="Mail programs get old settings, or those of somebody else.",
    advice="Empty the caches in front of this service; look for another service that answers at {host}.",
)
KINDS: Final = (
    NAME_MISSING, NAME_ELSEWHERE, RECORD_MISSING, CLOSED_MISSING, RECORD_DIFFERENT, DIGEST_DIFFERENT,
    DIGEST_INCOMPLETE, RECORD_CONFLICTING, NOT_KNOWN, HOST_MISSING, UNREACHABLE, UNTESTED, HTTP_ONLY,
    NOT_FOUND, SERVER_ERROR, CATCH_ALL, REDIRECT_LOOP, LEADS_NOWHERE, LEADS_TO_PLAIN, NOT_CURRENT,
)  # fmt: skip
