"""What domains are to each other: rules that hold for one write and for many alike."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.core.errors import refuse, within

if TYPE_CHECKING:
    from app.core.domains import Domain


def leaves_relations_alone(domain: Domain, present: Domain) -> bool:
    """Tell whether nothing that others rely on would change."""
    becomes_alias = domain.alias_of is not None and present.alias_of is None
    return not becomes_alias and domain.provider == present.provider


def check_relations(domain: Domain, present: Domain, *, aliases: int, has_mailboxes: bool) -> None:
    """Refuse to change what others rely on: aliases are of their domain's provider and have its mailboxes.

    Args:
        domain: What is to be stored.
        present: What is stored.
        aliases: How many domains are aliases of it.
        has_mailboxes: Whether it has mailboxes of its own.

    Raises:
        InvalidInput: Naming the field that would break it.
    """
    if leaves_relations_alone(domain, present):
        return
    if aliases and domain.provider != present.provider:
        raise refuse("must not change while other domains are aliases of this one", "provider")
    if domain.alias_of is not None and present.alias_of is None:
        if aliases:
            raise refuse("must not be set on a domain that has aliases itself", "alias_of")
        if has_mailboxes:
            raise refuse("must not be set on a domain that has mailboxes of its own", "alias_of")


def check_alias_target(domain: Domain, target: Domain | None) -> None:
    """Check what a domain is to be an alias of.

    Raises:
        InvalidInput: When it is not there, of another provider, or an alias itself.
    """
    with within("alias_of"):
        # One sentence for both, so that nothing is learnt of another provider's domains.
        if target is None or target.provider != domain.provider:
            raise refuse("must be a stored domain of the same provider")
        if target.alias_of is not None:
            raise refuse("must not be an alias itself")
