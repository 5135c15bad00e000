"""Setup instructions in JSON. ``app.instructions.forms`` writes them; a test holds the two to each other."""

from __future__ import annotations

from pydantic import ConfigDict, Field

from app.api.schemas.shapes import Shape, without_required


class InstructionClientRead(Shape):
    """A mail program that there are instructions for."""

    slug: str = Field(description="What to ask with.", examples=["thunderbird"])
    name: str
    platforms: list[str] = Field(examples=[["Windows", "macOS", "Linux"]])
    read: str | None = Field(
        description="Year and month in which the documentation was read that the steps are written from; "
        "null where there was none to read.",
        examples=["2026-11"],
    )
    documentation_url: str | None
    documentation_version: str | None = Field(description="The edition or the program's version it is about.")


class InstructionClientItem(InstructionClientRead):
    """A mail program, or those fields of it that were asked for."""

    model_config = ConfigDict(json_schema_extra=without_required)


class EntryRead(Shape):
    """A field, and what is entered in it."""

    label: str = Field(description="What the program calls the field.")
    kind: str = Field(
        description="`full-name`, `address`, `password`, `protocol`, `hostname`, `port`, `socket-type`, "
        "`authentication`, `username`, `path-prefix` or `url`."
    )
    text: str = Field(description="What to enter, or to choose, in the words that the program shows.")
    value: str | int | None = Field(
        description="The same as the settings of a domain have it; null for what only the person knows."
    )
    service: str | None = Field(description="The server's type, such as `imap`.")
    server: str | None = Field(description="The server's key.")


class StepRead(Shape):
    """One thing to do."""

    action: str = Field(description="`open`, `choose`, `press`, `enter`, `copy` or `do`.")
    text: str
    targets: list[str] = Field(description="What is pressed or chosen, in this order.")
    entries: list[EntryRead]
    url: str | None
    snippet: str | None = Field(description="Lines for a configuration file.")


class NoteRead(Shape):
    """Something to know."""

    kind: str = Field(description="`hint` or `warning`.")
    code: str = Field(description="Stable, for programs.", examples=["shared-host"])
    text: str


class WayRead(Shape):
    """One way to the mail."""

    kind: str = Field(
        description="`automatic`, `profile`, `exchange`, `manual`, `configuration` or `webmail`."
    )
    service: str | None = Field(description="`imap`, `pop3` or `smtp` where the way is for one of them.")
    title: str
    steps: list[StepRead]
    outcome: str = Field(description="What is to be seen at the end.")
    notes: list[NoteRead]


class ProtocolRead(Shape):
    """What fetching mail in this way means for the messages."""

    service: str
    is_preferred: bool = Field(description="Whether the provider names it first.")
    text: str


class PrerequisiteRead(Shape):
    """What has to be there, or to be done, before."""

    text: str
    url: str | None


class InstructionsRead(Shape):
    """Setup instructions for one mail program."""

    client: InstructionClientRead
    domain: str
    address: str | None = Field(description="Null where they are for a whole domain.")
    provider: str
    language: str
    direction: str = Field(description="`ltr` or `rtl`: the direction in which the language is written.")
    title: str
    checked: str = Field(description="What the steps were written from, in a sentence for people.")
    prerequisites: list[PrerequisiteRead]
    notes: list[NoteRead]
    protocols: list[ProtocolRead]
    ways: list[WayRead] = Field(description="The easiest first.")
