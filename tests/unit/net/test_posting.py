from __future__ import annotations

import socket
import threading
from ipaddress import ip_address, ip_network
from typing import TYPE_CHECKING

import pytest
from app.core.dns_lookups import LookupStatus
from app.core.dns_records import AddressData, RecordType
from app.core.errors import InvalidInput
from app.net.address_policy import AddressPolicy
from app.net.httpx_poster import HttpxPoster
from app.net.posting import Posted, PostingLimits

from certificates import write_web_certificate
from fakes.resolver import ScriptedResolver, found, nothing
from receivers import Answer, Receiver

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LOOPBACK = AddressPolicy((ip_network("127.0.0.0/8"), ip_network("::1/128")))
HOST = "hooks.customer.example"
HEADERS = {"Content-Type": "application/json", "webhook-id": "evt_1"}


def resolving(*addresses: str, host: str = HOST) -> ScriptedResolver:
    """A resolver for which a host has these addresses."""
    answers = []
    for record_type, version in ((RecordType.A, 4), (RecordType.AAAA, 6)):
        records = [AddressData(ip_address(one)) for one in addresses if ip_address(one).version == version]
        if records:
            answers.append(found(host, *records))
        else:
            answers.append(nothing(host, record_type, LookupStatus.NO_DATA))
    return ScriptedResolver(*answers)


def a_poster(
    *addresses: str,
    policy: AddressPolicy = LOOPBACK,
    ca_file: Path | None = None,
    allow_http: bool = True,
    timeout_seconds: float = 5,
) -> HttpxPoster:
    limits = PostingLimits(policy=policy, allow_http=allow_http, timeout_seconds=timeout_seconds)
    return HttpxPoster(resolving(*addresses or ("127.0.0.1",)), limits, ca_file)


async def posted(poster: HttpxPoster, url: str) -> Posted:
    return await poster.post(url, HEADERS, b'{"a":1}')


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as one:
        yield one


async def test_a_request_goes_to_the_resolved_address_under_the_name_of_the_url(receiver: Receiver) -> None:
    ended = await posted(a_poster(), receiver.url(HOST, "/a%20b?x=1&y=%2F"))
    assert ended.is_success
    (seen,) = receiver.received
    assert seen.path == "/a%20b?x=1&y=%2F"
    assert seen.headers["host"] == f"{HOST}:{receiver.port}"
    assert seen.headers["webhook-id"] == "evt_1"
    assert seen.headers["content-length"] == "7"
    assert seen.body == b'{"a":1}'


async def test_an_address_in_the_url_is_not_looked_up(receiver: Receiver) -> None:
    poster = HttpxPoster(ScriptedResolver(), PostingLimits(policy=LOOPBACK, allow_http=True))
    assert (await posted(poster, receiver.url())).is_success


async def test_ipv6_works_too() -> None:
    with Receiver(host="::1") as receiver:
        assert (await posted(a_poster("::1"), receiver.url(HOST))).is_success


async def test_over_tls_the_name_is_verified_not_the_address(tmp_path: Path) -> None:
    root, certificate = write_web_certificate(tmp_path, [HOST])
    with Receiver(certificate=certificate) as receiver:
        poster = a_poster(ca_file=root, allow_http=False)
        assert (await posted(poster, receiver.url(HOST))).is_success
        other = await posted(poster, receiver.url("127.0.0.1"))
        assert other.status is None
        assert "certificate that does not hold: IP address mismatch" in other.detail


async def test_a_certificate_of_another_name_or_of_nobody_known_is_refused(tmp_path: Path) -> None:
    root, certificate = write_web_certificate(tmp_path, ["other.example"])
    with Receiver(certificate=certificate) as receiver:
        wrong_name = await posted(a_poster(ca_file=root), receiver.url(HOST))
        unknown_root = await posted(a_poster(), receiver.url(HOST))
        assert "Hostname mismatch" in wrong_name.detail
        assert "unable to get local issuer certificate" in unknown_root.detail
        assert (wrong_name.is_success, unknown_root.is_success) == (False, False)
        assert receiver.received == []


async def test_a_plain_server_behind_an_https_url_speaks_no_tls(receiver: Receiver) -> None:
    ended = await posted(a_poster(), f"https://{HOST}:{receiver.port}/")
    assert ended == Posted(detail="does not speak TLS that we can")


async def test_plain_http_needs_the_operators_leave(receiver: Receiver) -> None:
    ended = await posted(a_poster(allow_http=False), receiver.url(HOST))
    assert "plain http" in ended.detail
    assert receiver.received == []


@pytest.mark.parametrize(
    "address", ["127.0.0.1", "10.0.0.1", "169.254.169.254", "::1", "::ffff:127.0.0.1", "64:ff9b::7f00:1"]
)
async def test_special_addresses_are_refused_whatever_name_leads_there(
    receiver: Receiver, address: str
) -> None:
    strict = AddressPolicy()
    by_name = await posted(a_poster(address, policy=strict), receiver.url(HOST))
    assert "the operator does not allow it" in by_name.detail
    assert address not in by_name.detail
    assert receiver.received == []


async def test_an_address_in_the_url_is_judged_like_any_other(receiver: Receiver) -> None:
    ended = await posted(a_poster(policy=AddressPolicy()), receiver.url("127.0.0.1"))
    assert "loopback" in ended.detail
    assert receiver.received == []


async def test_a_name_that_changes_its_mind_is_asked_once(receiver: Receiver) -> None:
    resolver = resolving("127.0.0.1")
    poster = HttpxPoster(resolver, PostingLimits(policy=LOOPBACK, allow_http=True))
    assert (await posted(poster, receiver.url(HOST))).is_success
    assert sorted(resolver.asked) == [(HOST, RecordType.A), (HOST, RecordType.AAAA)]


async def test_of_several_addresses_only_those_allowed_are_tried(receiver: Receiver) -> None:
    # Nothing listens at the second; the first must not even be tried.
    only = AddressPolicy((ip_network("127.0.0.0/8"),))
    ended = await posted(a_poster("192.168.0.1", "127.0.0.2", "127.0.0.1", policy=only), receiver.url(HOST))
    assert ended.is_success


async def test_a_name_without_an_address_is_an_outcome() -> None:
    resolver = ScriptedResolver(otherwise=LookupStatus.NO_NAME)
    poster = HttpxPoster(resolver, PostingLimits(policy=LOOPBACK))
    ended = await posted(poster, f"https://{HOST}/")
    assert ended == Posted(detail="has a name without an address (no-name)")


async def test_nobody_there_is_an_outcome() -> None:
    with Receiver() as gone:
        url = gone.url(HOST)
    assert await posted(a_poster(), url) == Posted(detail="took no connection")


@pytest.mark.parametrize("status", [301, 302, 307, 308])
async def test_redirects_are_not_followed(status: int) -> None:
    with Receiver() as elsewhere, Receiver(Answer(status, {"Location": elsewhere.url()})) as receiver:
        ended = await posted(a_poster(), receiver.url(HOST))
        assert ended.status == status
        assert not ended.is_success
        assert "redirects are not followed" in ended.detail
        assert elsewhere.received == []


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
async def test_any_2xx_is_success(status: int) -> None:
    with Receiver(Answer(status)) as receiver:
        assert (await posted(a_poster(), receiver.url(HOST))).is_success


async def test_an_error_is_told_with_its_status_and_retry_after() -> None:
    with Receiver(Answer(503, {"Retry-After": "120"}, b"busy")) as receiver:
        ended = await posted(a_poster(), receiver.url(HOST))
    assert ended == Posted(status=503, detail="answered 503", retry_after="120")


async def test_who_does_not_answer_in_time_is_not_waited_for() -> None:
    with Receiver(Answer(delay_seconds=1.5)) as receiver:
        ended = await posted(a_poster(timeout_seconds=0.3), receiver.url(HOST))
    assert ended == Posted(detail="did not answer within 0.3 seconds")


async def test_a_huge_body_is_not_read_and_does_not_matter() -> None:
    huge = Answer(200, {"Content-Length": str(10**12)}, b"x" * 3_000_000)
    with Receiver(huge) as receiver:
        assert (await posted(a_poster(), receiver.url(HOST))).is_success


async def test_a_body_that_drips_does_not_matter() -> None:
    with Receiver(Answer(200, body=b"x" * 20, drip_seconds=0.2)) as receiver:
        assert (await posted(a_poster(timeout_seconds=3), receiver.url(HOST))).is_success


async def test_a_receiver_that_hangs_up_is_an_outcome() -> None:
    with Receiver(Answer(hangs_up=True)) as receiver:
        ended = await posted(a_poster(), receiver.url(HOST))
    assert ended.status is None
    assert not ended.is_success


@pytest.mark.parametrize(
    "said", [b"220 mail.example ESMTP\r\n", b"HTTP/1.1 200 OK\r\n" + b"x: " + b"y" * 200_000]
)
async def test_what_is_not_http_is_an_outcome(said: bytes) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            connection, _ = server.accept()
            with connection:
                # What is left unread would reset the connection.
                seen = b""
                while not seen.endswith(b'{"a":1}'):
                    seen += connection.recv(65536)
                connection.sendall(said)

        thread = threading.Thread(target=answer)
        thread.start()
        ended = await posted(a_poster(), f"http://{HOST}:{server.getsockname()[1]}/")
        thread.join()
    assert ended == Posted(detail="answered something that is not HTTP")


async def test_proxies_of_the_environment_are_not_used(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Receiver() as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url())
        monkeypatch.setenv("ALL_PROXY", proxy.url())
        assert (await posted(a_poster(), receiver.url(HOST))).is_success
        assert proxy.received == []


def test_a_file_of_roots_that_is_none_is_named(tmp_path: Path) -> None:
    for path in (tmp_path / "missing.pem", tmp_path):
        with pytest.raises(InvalidInput, match="SIGNPOST_CA_FILE: must be a file of certificates"):
            a_poster(ca_file=path).load()
