"""How a domain's names stand, in JSON."""

from __future__ import annotations

from datetime import datetime

from pydantic import Field

from app.api.schemas.domains import OmissionShape
from app.api.schemas.shapes import Shape
from app.core.dns_diagnosis import DiagnosedState, Readiness, ZoneSigning


class RecordPlace(Shape):
    """A record as zone files have it."""

    name: str = Field(
        description="Absolute, without a dot at the end.", examples=["autoconfig.customer.example"]
    )
    type: str = Field(examples=["CNAME"])
    value: str = Field(examples=["signpost.host.example."])


class DiagnosedRecordShape(RecordPlace):
    """A record that is to be published, and how it stands."""

    state: DiagnosedState = Field(
        description="`unsafe`: what is published leads to a name that is not there, so that whoever gets "
        "that name gets the domain's clients."
    )
    found: list[str] = Field(description="What is published there.")
    detail: str
    is_authenticated: bool = Field(description="Whether the resolver vouches for the answer (DNSSEC).")


class RecordToPut(RecordPlace):
    """A record to put."""

    ttl_seconds: int


class FixShape(Shape):
    """What to change: whole sets of records to put, and single ones to take away."""

    put: list[RecordToPut]
    remove: list[RecordPlace]
    withheld: list[OmissionShape] = Field(
        description="Names that are wrong and are to be left as they are for now: `target-not-there`, what "
        "is to be put would lead to a name that is not there; `not-seen`, the DNS did not say all of what "
        "is published there."
    )


class HostShape(Shape):
    """A host that clients ask over https."""

    hostname: str
    state: Readiness = Field(description="`unknown`: it could not be asked from here.")
    reasons: list[str]
    not_after: datetime | None = Field(description="When its certificate expires.")


class DiagnosisRead(Shape):
    """How a domain's names stand."""

    domain: str
    is_wrong: bool = Field(description="Whether something is other than it should be.")
    is_known: bool = Field(description="Whether all of it could be found out.")
    signing: ZoneSigning = Field(description="As far as the resolver that is asked validates.")
    records: list[DiagnosedRecordShape]
    hosts: list[HostShape]
    fix: FixShape
    omissions: list[OmissionShape]
