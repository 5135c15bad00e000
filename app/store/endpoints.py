"""Endpoints: taken under leases when they are due, and what was seen at them."""

from __future__ import annotations

from dataclasses import asdict, fields
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import and_, bindparam, case, delete, func, insert, literal, not_, or_, select, update

from app.core.checks import LeasedEndpoint, Occasion, Standing, StoredEndpoint
from app.core.endpoints import Endpoint, Protocol
from app.core.findings import Severity
from app.core.reports import State
from app.core.servers import ServerType, SocketType
from app.core.verified import FRESH_FOR, StoredCheck, StoredFinding
from app.store.given_endpoints import IS_GIVEN
from app.store.rows import CHECK, COHORT, ENDPOINT, FINDING, LISTING, PROVIDER

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from sqlalchemy import ColumnElement, Select
    from sqlalchemy.ext.asyncio import AsyncConnection

    from app.core.checks import Outcome
    from app.core.verified import EndpointFilter, FindingFilter

_STORED: Final = select(ENDPOINT, IS_GIVEN.label("is_given"))
_STANDING: Final = tuple(one.name for one in fields(Standing))
_LISTED: Final = LISTING.join(COHORT, LISTING.c.cohort_id == COHORT.c.id).join(
    PROVIDER, COHORT.c.provider_id == PROVIDER.c.id
)


class Endpoints:
    """Endpoints, within one transaction."""

    def __init__(self, connection: AsyncConnection) -> None:
        """Take the transaction's connection."""
        self._connection = connection

    async def has_due(self, now: datetime) -> bool:
        """Tell whether any can be taken."""
        statement = select(ENDPOINT.c.id).where(*_free(now), ENDPOINT.c.due_at <= now).limit(1)
        return (await self._connection.execute(statement)).first() is not None

    async def lease(self, lease: str, now: datetime, until: datetime, limit: int) -> list[LeasedEndpoint]:
        """Take those that are due, the longest first, for this process alone until a moment.

        What others hold is passed over.
        """
        chosen = select(ENDPOINT.c.id).where(*_free(now), ENDPOINT.c.due_at <= now)
        return await self._lease(chosen.order_by(ENDPOINT.c.due_at).limit(limit), lease, until)

    async def lease_these(
        self, ids: Sequence[int], lease: str, now: datetime, until: datetime
    ) -> list[LeasedEndpoint]:
        """Take those of these endpoints that nobody holds, due or not."""
        chosen = select(ENDPOINT.c.id).where(*_free(now), ENDPOINT.c.id.in_(ids))
        return await self._lease(chosen, lease, until)

    async def _lease(self, chosen: Any, lease: str, until: datetime) -> list[LeasedEndpoint]:  # noqa: ANN401 - a select
        locked = chosen.with_for_update(skip_locked=True)
        ids = list((await self._connection.execute(locked)).scalars())
        if not ids:
            return []
        is_taken = ENDPOINT.c.id.in_(ids)
        values = {"lease": lease, "leased_until": until}
        await self._connection.execute(update(ENDPOINT).where(is_taken).values(values))
        rows = await self._connection.execute(_STORED.where(is_taken).order_by(ENDPOINT.c.due_at))
        return [
            LeasedEndpoint(stored=_endpoint(row), lease=lease, until=until, addresses=_addresses(row))
            for row in rows
        ]

    async def put_off(self, leased: Sequence[tuple[LeasedEndpoint, datetime]]) -> None:
        """Let go of endpoints, and have each due at its moment."""
        if not leased:
            return
        is_one = (ENDPOINT.c.id == bindparam("endpoint"), ENDPOINT.c.lease == bindparam("held"))
        turn = bindparam("turn", type_=ENDPOINT.c.due_at.type)
        free = update(ENDPOINT).where(*is_one).values(due_at=turn, lease=None, leased_until=None)
        values = [{"endpoint": one.stored.id, "held": one.lease, "turn": moment} for one, moment in leased]
        await self._connection.execute(free, values)

    async def release(self, leased: LeasedEndpoint) -> None:
        """Let go of an endpoint as it was."""
        free = update(ENDPOINT).where(*_is_own(leased)).values(lease=None, leased_until=None)
        await self._connection.execute(free)

    async def finish(
        self, leased: LeasedEndpoint, outcome: Outcome, seconds: float, sighting: Mapping[str, Any]
    ) -> bool:
        """Write how a run ended and let go of the endpoint; False where it is somebody else's, or gone.

        It stays due where a newer run than this one was asked for meanwhile.
        """
        at = outcome.standing.checked_at or outcome.due_at
        due_at = ENDPOINT.c.due_at
        is_asked_for = and_(due_at != leased.stored.due_at, due_at > at + FRESH_FOR)
        values = {
            **asdict(outcome.standing),
            "state": outcome.standing.state.value,
            "due_at": case((is_asked_for, due_at), else_=_due_at(leased.stored, outcome)),
            "lease": None,
            "leased_until": None,
            "seconds": seconds,
            "observation": dict(sighting),
        }
        result = await self._connection.execute(update(ENDPOINT).where(*_is_own(leased)).values(values))
        return result.rowcount == 1

    async def set_findings(
        self, endpoint_id: int, findings: Sequence[Mapping[str, Any]], now: datetime
    ) -> None:
        """Put findings in place of the present ones; what was found before keeps its moment."""
        present = await self._connection.execute(
            select(FINDING.c.code, FINDING.c.since).where(FINDING.c.endpoint_id == endpoint_id)
        )
        since = {row.code: row.since for row in present}
        await self._connection.execute(delete(FINDING).where(FINDING.c.endpoint_id == endpoint_id))
        rows = [
            {
                "endpoint_id": endpoint_id,
                "code": one["code"],
                "severity": one["severity"],
                "addresses": one["addresses"],
                "facts": one["facts"],
                "since": since.get(one["code"], now),
            }
            for one in findings
        ]
        if rows:
            await self._connection.execute(insert(FINDING), rows)

    async def add_check(
        self, endpoint_id: int, outcome: Outcome, seconds: float, findings: Sequence[Mapping[str, Any]]
    ) -> None:
        """Add a run to the history."""
        row = {
            "endpoint_id": endpoint_id,
            "at": outcome.standing.checked_at,
            "state": outcome.standing.state.value,
            "seconds": seconds,
            "findings": list(findings),
        }
        await self._connection.execute(insert(CHECK).values(row))

    async def take_back(self, stored: StoredEndpoint, occasions: Sequence[Occasion]) -> None:
        """Have an endpoint stand as if what nobody was told of had not been told."""
        values: dict[str, Any] = {}
        if Occasion.ALARM in occasions:
            values["alarmed_at"] = None
        if Occasion.EXPIRING in occasions:
            values["announced_expiry"] = stored.standing.announced_expiry
        if values:
            is_it = ENDPOINT.c.id == stored.id
            await self._connection.execute(update(ENDPOINT).where(is_it).values(values))

    async def providers_of(self, endpoint_id: int, *, only_given: bool) -> frozenset[str]:
        """Return the providers whose domains list an endpoint, or only those whose clients are given it."""
        statement = select(PROVIDER.c.slug).select_from(_LISTED).where(LISTING.c.endpoint_id == endpoint_id)
        if only_given:
            statement = statement.where(LISTING.c.is_given)
        return frozenset((await self._connection.execute(statement.distinct())).scalars())

    async def make_due(self, keys: Sequence[str], now: datetime, fresh: datetime) -> None:
        """Have endpoints probed at once, but for those that were after ``fresh``.

        Of what is being probed the moment is written down too: the run may have begun long ago.
        """
        checked = ENDPOINT.c.checked_at
        is_later = or_(ENDPOINT.c.due_at > now, ENDPOINT.c.leased_until > now)
        await self._connection.execute(
            update(ENDPOINT)
            .where(ENDPOINT.c.key.in_(keys), is_later, or_(checked.is_(None), checked <= fresh))
            .values(due_at=now)
        )

    async def find(self, endpoint_id: int, provider: str | None) -> StoredEndpoint | None:
        """Return an endpoint that a provider's domains list, or any."""
        statement = _STORED.where(ENDPOINT.c.id == endpoint_id, *_visible(provider))
        row = (await self._connection.execute(statement)).first()
        return None if row is None else _endpoint(row)

    async def by_keys(self, keys: Sequence[str]) -> dict[str, StoredEndpoint]:
        """Return those of these endpoints that are stored, by their keys."""
        statement = _STORED.where(ENDPOINT.c.key.in_(keys))
        return {row.key: _endpoint(row) for row in await self._connection.execute(statement)}

    async def sighting(self, endpoint_id: int) -> Mapping[str, Any] | None:
        """Return what was seen last."""
        statement = select(ENDPOINT.c.observation).where(ENDPOINT.c.id == endpoint_id)
        found: Mapping[str, Any] | None = (await self._connection.execute(statement)).scalar_one_or_none()
        return found

    async def page(self, wanted: EndpointFilter, *, after: int, limit: int) -> list[StoredEndpoint]:
        """Return endpoints in the order in which they came, those after ``after``."""
        statement = _STORED.where(*conditions_of(wanted), ENDPOINT.c.id > after)
        found = await self._connection.execute(statement.order_by(ENDPOINT.c.id).limit(limit))
        return [_endpoint(row) for row in found]

    async def ending_first(self, wanted: EndpointFilter, limit: int) -> list[StoredEndpoint]:
        """Return the endpoints whose certificates end first; those that have ended are among them."""
        end = ENDPOINT.c.certificate_expires_at
        statement = _STORED.where(*conditions_of(wanted), end.is_not(None))
        found = await self._connection.execute(statement.order_by(end, ENDPOINT.c.id).limit(limit))
        return [_endpoint(row) for row in found]

    async def count(self, wanted: EndpointFilter) -> int:
        """Return how many there are."""
        statement = select(func.count()).select_from(ENDPOINT).where(*conditions_of(wanted))
        found: int = (await self._connection.execute(statement)).scalar_one()
        return found

    async def history(self, endpoint_id: int, *, before: int | None, limit: int) -> list[StoredCheck]:
        """Return an endpoint's runs, the newest first, those older than ``before``."""
        statement = select(CHECK).where(CHECK.c.endpoint_id == endpoint_id)
        if before is not None:
            statement = statement.where(CHECK.c.id < before)
        rows = await self._connection.execute(statement.order_by(CHECK.c.id.desc()).limit(limit))
        return [
            StoredCheck(
                id=row.id,
                at=row.at,
                state=State(row.state),
                seconds=row.seconds,
                findings=tuple(row.findings),
            )
            for row in rows
        ]

    async def count_history(self, endpoint_id: int) -> int:
        """Return how many runs an endpoint's history has."""
        statement = select(func.count()).select_from(CHECK).where(CHECK.c.endpoint_id == endpoint_id)
        found: int = (await self._connection.execute(statement)).scalar_one()
        return found

    async def findings(self, wanted: FindingFilter, *, after: int, limit: int) -> list[StoredFinding]:
        """Return findings in the order in which they were written, those after ``after``."""
        columns = (FINDING, ENDPOINT.c.key)
        statement = select(*columns).select_from(_FOUND).where(*_found(wanted), FINDING.c.id > after)
        found = await self._connection.execute(statement.order_by(FINDING.c.id).limit(limit))
        return [_finding(row) for row in found]

    async def findings_of(self, ids: Sequence[int]) -> list[StoredFinding]:
        """Return the findings of some endpoints, in the order in which they were judged."""
        statement = select(FINDING, ENDPOINT.c.key).select_from(_FOUND).where(ENDPOINT.c.id.in_(ids))
        return [_finding(row) for row in await self._connection.execute(statement.order_by(FINDING.c.id))]

    async def count_findings(self, wanted: FindingFilter) -> int:
        """Return how many there are."""
        statement = select(func.count()).select_from(_FOUND).where(*_found(wanted))
        found: int = (await self._connection.execute(statement)).scalar_one()
        return found

    async def forget_checks(self, before: datetime, limit: int) -> int:
        """Remove runs from before a moment from the history; return how many."""
        old = select(CHECK.c.id).where(CHECK.c.at < before).limit(limit)
        result = await self._connection.execute(delete(CHECK).where(CHECK.c.id.in_(old.scalar_subquery())))
        return result.rowcount


_FOUND: Final = FINDING.join(ENDPOINT, FINDING.c.endpoint_id == ENDPOINT.c.id)


def endpoint_row(endpoint: Endpoint, due_at: datetime) -> dict[str, Any]:
    """Return the columns of an endpoint that nobody looked at yet."""
    return {
        "key": endpoint.key,
        "protocol": endpoint.protocol.value,
        "hostname": endpoint.hostname,
        "port": endpoint.port,
        "socket_type": endpoint.socket_type.value,
        "service": None if endpoint.service is None else endpoint.service.value,
        "path": endpoint.path,
        "due_at": due_at,
        **asdict(Standing()),
        "state": State.UNTESTED.value,
    }


def _endpoint(row: Any) -> StoredEndpoint:  # noqa: ANN401 - a row
    standing = {name: getattr(row, name) for name in _STANDING}
    return StoredEndpoint(
        id=row.id,
        endpoint=Endpoint(
            protocol=Protocol(row.protocol),
            hostname=row.hostname,
            port=row.port,
            socket_type=SocketType(row.socket_type),
            service=None if row.service is None else ServerType(row.service),
            path=row.path,
        ),
        standing=Standing(**{**standing, "state": State(row.state)}),
        due_at=row.due_at,
        seconds=row.seconds,
        is_given=bool(row.is_given),
    )


def _addresses(row: Any) -> frozenset[str]:  # noqa: ANN401 - as above
    return frozenset(one["address"] for one in (row.observation or {}).get("addresses", ()))


def _due_at(stored: StoredEndpoint, outcome: Outcome) -> Any:  # noqa: ANN401 - SQLAlchemy's
    """Return when an endpoint is due: at once where it was given to clients while we looked at it."""
    now, then = (
        literal(moment, ENDPOINT.c.due_at.type) for moment in (outcome.standing.checked_at, outcome.due_at)
    )
    if stored.is_given or outcome.standing.state is State.GOOD:
        return then
    return case((IS_GIVEN, now), else_=then)


def _finding(row: Any) -> StoredFinding:  # noqa: ANN401 - as above
    return StoredFinding(
        id=row.id,
        endpoint_id=row.endpoint_id,
        subject=row.key,
        code=row.code,
        severity=Severity(row.severity),
        addresses=tuple(row.addresses),
        facts=row.facts,
        since=row.since,
    )


def _free(now: datetime) -> list[ColumnElement[bool]]:
    return [or_(ENDPOINT.c.leased_until.is_(None), ENDPOINT.c.leased_until <= now)]


def _is_own(leased: LeasedEndpoint) -> list[ColumnElement[bool]]:
    return [ENDPOINT.c.id == leased.stored.id, ENDPOINT.c.lease == leased.lease]


def _visible(provider: str | None) -> list[ColumnElement[bool]]:
    if provider is None:
        return []
    # Found from the provider on: to ask for each endpoint whether it lists that takes a second in 300,000.
    return [ENDPOINT.c.id.in_(_listed_by(provider))]


def _listed_by(provider: str) -> Select[tuple[int]]:
    return select(LISTING.c.endpoint_id).select_from(_LISTED).where(PROVIDER.c.slug == provider)


def _given_by(provider: str | None) -> ColumnElement[bool]:
    """Tell whether clients of a provider, or of any, are given an endpoint."""
    if provider is None:
        return IS_GIVEN
    return ENDPOINT.c.id.in_(_listed_by(provider).where(LISTING.c.is_given))


def conditions_of(wanted: EndpointFilter) -> list[ColumnElement[bool]]:
    """Return what endpoints must fulfil to be wanted."""
    conditions = _visible(wanted.provider)
    if wanted.state is not None:
        conditions.append(ENDPOINT.c.state == wanted.state.value)
    if wanted.hostname is not None:
        conditions.append(ENDPOINT.c.hostname == wanted.hostname)
    if wanted.is_given is not None:
        is_given = _given_by(wanted.provider)
        conditions.append(is_given if wanted.is_given else not_(is_given))
    if wanted.is_alarmed is not None:
        # Whose clients have come to be given another name, that is nobody's alarm until they have it back.
        is_alarmed = and_(ENDPOINT.c.alarmed_at.is_not(None), _given_by(wanted.provider))
        conditions.append(is_alarmed if wanted.is_alarmed else not_(is_alarmed))
    return conditions


def _found(wanted: FindingFilter) -> list[ColumnElement[bool]]:
    conditions = _visible(wanted.provider)
    pairs = (
        (FINDING.c.severity, None if wanted.severity is None else wanted.severity.value),
        (FINDING.c.code, wanted.code),
        (ENDPOINT.c.hostname, wanted.hostname),
    )
    return conditions + [column == value for column, value in pairs if value is not None]
