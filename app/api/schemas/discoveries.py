"""Discovery in JSON."""

from __future__ import annotations

from typing import Annotated, TypeAlias

from pydantic import Field

from app.api.schemas.domains import DomainRead
from app.api.schemas.providers import ProviderRead
from app.api.schemas.rules import Slug, described
from app.api.schemas.servers import ServerShape
from app.api.schemas.shapes import Boolean, Shape
from app.core.candidates import Outcome, Trust
from app.core.servers import Authentication, ServerType, SocketType
from app.discovery.comparing import Standing
from app.discovery.views.view import Verdict

Address: TypeAlias = Annotated[
    str,
    described(minLength=3, maxLength=1024),
    Field(
        description="A mail address, or a domain. It is kept nowhere, and no answer repeats it; mail clients "
        "send it to the domain's own hosts, and so does discovery.",
        examples=["jane@customer.example"],
    ),
]


class DiscoveryCreate(Shape):
    """Whose settings to look for."""

    address: Address
    compare: Boolean = Field(
        default=False, description="Whether to compare with what is stored for the domain."
    )


class AdoptionCreate(Shape):
    """What to look for, and whose it becomes."""

    address: Address
    provider: Slug = Field(
        description="The provider's slug. One that is not there is made, with the servers that are found, by "
        "a token that may and is not limited to a provider.",
        examples=["my-host"],
    )
    source: Annotated[str, described(minLength=1, maxLength=40)] | None = Field(
        default=None,
        description="The source whose servers to take; null for what all of them come to.",
        examples=["autoconfig"],
    )


class NoticeShape(Shape):
    """Something in a document that could not be taken."""

    where: str
    reason: str


class CandidateShape(Shape):
    """What one place says, or why it says nothing."""

    source: str = Field(
        description="The mechanism; docs/discovery.md explains each.", examples=["autoconfig"]
    )
    asked: str = Field(description="The URL or record, `%EMAILADDRESS%` in the address's place.")
    trust: Trust = Field(description="Who vouches for it: `http` and `dns` are nobody.")
    outcome: Outcome
    reason: str
    status: int | None = Field(description="Of the last answer over HTTP.")
    redirects: list[str] = Field(description="The URLs that led on.")
    seconds: float
    display_name: str | None
    servers: list[ServerShape]
    notices: list[NoticeShape]


class ProposedServerShape(ServerShape):
    """A server of the proposal."""

    sources: list[str] = Field(description="All that list it, the one that it is from first.")


class ConflictShape(Shape):
    """What another source says."""

    source: str
    type: ServerType
    differs_in: list[str]
    server: ServerShape


class ProposalShape(Shape):
    """What the candidates come to."""

    source: str | None = Field(description="Where the mail servers are from; null where none are found.")
    display_name: str | None
    servers: list[ProposedServerShape]
    conflicts: list[ConflictShape]


class ChosenServerShape(Shape):
    """A server as a client would use it."""

    type: ServerType
    hostname: str
    port: int | None = Field(description="Null where the client guesses it.")
    socket_type: SocketType | None = Field(description="Null where the client tries.")
    username: str
    authentication: list[Authentication]


class StepShape(Shape):
    """What a client makes of one place."""

    source: str
    asked: str
    verdict: Verdict
    reason: str


class ViewShape(Shape):
    """What one client would be set up with."""

    client: str = Field(examples=["thunderbird"])
    title: str
    source: str | None = Field(description="Where the settings are from; null where it finds none.")
    servers: list[ChosenServerShape]
    steps: list[StepShape] = Field(description="In the client's order.")
    remarks: list[str]


class ComparedServerShape(Shape):
    """How a server that was found and one that is stored stand to each other."""

    standing: Standing
    type: ServerType
    differs_in: list[str]
    found: ServerShape | None
    stored: ServerShape | None
    sources: list[str]


class DiscoveryRead(Shape):
    """What mail clients find today."""

    domain: str
    seconds: float
    candidates: list[CandidateShape]
    proposal: ProposalShape
    views: list[ViewShape]
    comparison: list[ComparedServerShape] | None = Field(description="Null where it was not asked for.")


class AdoptionRead(Shape):
    """What was stored, or would be."""

    source: str = Field(description="Where the mail servers are from.", examples=["autoconfig"])
    is_new_provider: bool
    provider: ProviderRead
    domain: DomainRead = Field(description="With own servers where the provider has others than were found.")
    verification: str | None = Field(
        description="The id of the domain's verification, which has begun; null for a dry run."
    )
