"""CRC32C against the check value of the CRC catalogue and the vectors of RFC 3720, appendix B.4."""

import pytest

from core.crc32c import crc32c, crc32c_by_table

RFC_3720_READ_COMMAND = bytes.fromhex(
    "01c00000 00000000 00000000 00000000 14000000 00000400 00000014 00000018 28000000 00000000 02000000 00000000"
)

# RFC 3720 prints the checksums in the order in which they are sent, lowest byte first.
VECTORS = [
    (b"123456789", 0xE3069283),
    (bytes(32), int.from_bytes(bytes.fromhex("aa36918a"), "little")),
    (b"\xff" * 32, int.from_bytes(bytes.fromhex("43aba862"), "little")),
    (bytes(range(32)), int.from_bytes(bytes.fromhex("4e79dd46"), "little")),
    (bytes(range(31, -1, -1)), int.from_bytes(bytes.fromhex("5cdb3f11"), "little")),
    (RFC_3720_READ_COMMAND, int.from_bytes(bytes.fromhex("563a96d9"), "little")),
    (b"", 0),
]


@pytest.mark.parametrize("checksum", [crc32c, crc32c_by_table])
@pytest.mark.parametrize(("data", "expected"), VECTORS)
def test_published_vectors(checksum, data: bytes, expected: int) -> None:
    assert checksum(data) == expected


@pytest.mark.parametrize("split", range(10))
def test_checksum_continues_from_what_came_before(split: int) -> None:
    data = b"123456789"
    assert crc32c(data[split:], crc32c(data[:split])) == 0xE3069283


@pytest.mark.parametrize("size", [*range(70), 4096, 65537])
def test_instruction_and_table_agree(size: int) -> None:
    data = bytes((i * 131 + 7) & 0xFF for i in range(size))
    assert crc32c(data, size) == crc32c_by_table(data, size)
    assert crc32c(memoryview(data)[size // 3 :]) == crc32c_by_table(data[size // 3 :])
