"""Scans certificates with sslyze, where it is installed: so many servers from an address on, 50 at a time.

Prints the seconds that it took on the clock and of the processor.
"""

from __future__ import annotations

import sys
import time
from ipaddress import ip_address

from sslyze import ScanCommand, Scanner, ServerNetworkLocation, ServerScanRequest


def main() -> None:
    hostname, first, port, count = sys.argv[1], ip_address(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
    requests = [
        ServerScanRequest(
            server_location=ServerNetworkLocation(
                hostname=hostname, ip_address=str(first + number), port=port
            ),
            scan_commands={ScanCommand.CERTIFICATE_INFO},
        )
        for number in range(count)
    ]
    scanner = Scanner(concurrent_server_scans_limit=50)
    started, used = time.monotonic(), time.process_time()
    scanner.queue_scans(requests)
    for result in scanner.get_results():
        assert result.scan_result is not None, result.connectivity_error_trace
        assert result.scan_result.certificate_info.result is not None
    print(time.monotonic() - started, time.process_time() - used)


main()
