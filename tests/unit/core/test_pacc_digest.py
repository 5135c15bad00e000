from __future__ import annotations

from app.core.pacc_digest import pacc_txt_value


def test_the_record_has_the_digest_of_the_very_bytes() -> None:
    # printf '{}' | openssl dgst -sha256 -binary | base64
    assert pacc_txt_value(b"{}") == "v=UAAC1; a=sha256; d=RBNvo1WzZ4oRRq0W9+hknpT7T8If536DEMBg9hyq/4o="


def test_one_more_byte_is_another_record() -> None:
    assert pacc_txt_value(b"{}\n") != pacc_txt_value(b"{}")


def test_the_record_fits_one_character_string() -> None:
    # RFC 1035 §3.3: at most 255 octets; several strings would have to be joined by every client.
    assert len(pacc_txt_value(b"x" * 100_000)) <= 255
