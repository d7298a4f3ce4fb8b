"""Names for a cluster that has none: a small DNS server that tells addresses of Services.

    python names.py --port 5353 router=10.0.0.7 svd=10.0.0.8

Clusters bring CoreDNS along; one for tests may not. It answers A for `name` and for `name.<any
domain>`, nothing else about these names, and that there are no others.
"""

import argparse
import socket
import struct
import sys

from movierec.cli import whole

HEADER = struct.Struct(">6H")
A, IN, SECONDS = 1, 1, 5
ANSWERED, UNKNOWN = 0x8580, 0x8583  # authoritative; without an error, and NXDOMAIN


def answer(query: bytes, addresses: dict[str, str]) -> bytes:
    """The reply to `query`, both as in RFC 1035 section 4; ValueError when it is no question."""
    if len(query) < HEADER.size + 5:
        raise ValueError(f"{len(query)} bytes are no question")
    number = HEADER.unpack_from(query)[0]
    labels, at = [], HEADER.size
    while at < len(query) and (length := query[at]):
        labels.append(query[at + 1 : at + 1 + length].decode("latin-1").lower())
        at += 1 + length
    if not labels or len(query) < at + 5:
        raise ValueError("a question without a name")
    question = query[HEADER.size : at + 5]
    address = addresses.get(labels[0])
    found = address is not None and question[-4:] == struct.pack(">2H", A, IN)
    flags = UNKNOWN if address is None else ANSWERED
    reply = HEADER.pack(number, flags, 1, int(found), 0, 0) + question
    if address and found:
        name = 0xC000 + HEADER.size  # a pointer to the question's
        reply += struct.pack(">3HIH", name, A, IN, SECONDS, 4) + socket.inet_aton(address)
    return reply


def main(arguments: list[str]) -> int:
    """Answer until the process is ended."""
    parser = argparse.ArgumentParser(prog="names", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--port", type=whole, default=5353)
    parser.add_argument("address", nargs="+", help="name=address")
    options = parser.parse_args(arguments)
    addresses = dict(pair.split("=", 1) for pair in options.address)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as door:
        door.bind(("0.0.0.0", options.port))
        while True:
            query, client = door.recvfrom(512)
            try:
                door.sendto(answer(query, addresses), client)
            except ValueError:
                continue


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
