"""DNS records to publish, in JSON. The renderer writes it; a test holds the two to each other."""

from __future__ import annotations

from pydantic import Field

from app.api.schemas.domains import OmissionShape
from app.api.schemas.shapes import Shape


class DnsRecordShape(Shape):
    """One record."""

    name: str = Field(
        description="Absolute, without a dot at the end.", examples=["_imaps._tcp.customer.example"]
    )
    type: str = Field(examples=["SRV"])
    ttl_seconds: int
    fields: dict[str, int | str] = Field(
        description="The data apart: `priority`, `weight`, `port` and `target` of SRV (`.` where the "
        "service is not available), `target` of CNAME, `address` of A and AAAA, `text` of TXT."
    )
    value: str = Field(description="The data as zone files have it.", examples=["0 1 993 imap.host.example."])
    why: str


class DnsRecordsRead(Shape):
    """The records to publish for a domain."""

    domain: str
    records: list[DnsRecordShape]
    omissions: list[OmissionShape]
