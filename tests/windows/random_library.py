"""Writes the one library that Windows has and Wine 8 lacks.

Programs written in Rust or with BoringSSL draw their random numbers from `ProcessPrng` of
bcryptprimitives.dll. Wine has the same under an older name, so the library needs no code: it
holds one name, and where the loader finds what stands behind it.
"""

import struct

NAME = "bcryptprimitives.dll"
_EXPORT = "ProcessPrng"
# RtlGenRandom, whose name among the exports is this: the same arguments, the same answer.
_FORWARDED_TO = "advapi32.SystemFunction036"

_SECTION_AT = 0x1000  # where the only section is when loaded
_FILE_UNIT = 0x200
_HEADERS_SIZE = _FILE_UNIT
_IMAGE_SIZE = 2 * _SECTION_AT
_IMAGE_BASE = 0x180000000

_X86_64 = 0x8664
_IS_LIBRARY = 0x2022  # executable image, large addresses, DLL
_MAY_MOVE_NO_CODE_IN_DATA = 0x0140
_CONSOLE = 3
_READABLE_DATA = 0x40000040
_PE32_PLUS = 0x20B
_DIRECTORIES = 16
_OPTIONAL_HEADER_SIZE = 112 + 8 * _DIRECTORIES


def library() -> bytes:
    """Return the library's file."""
    exports = _exports()
    section = exports.ljust(_FILE_UNIT, b"\0")
    headers = _dos_header() + b"PE\0\0" + _file_header() + _optional_header(len(exports))
    headers += struct.pack(
        "<8s6I2HI",
        *(b".edata", len(exports), _SECTION_AT, len(section), _HEADERS_SIZE, 0, 0, 0, 0),
        _READABLE_DATA,
    )
    return headers.ljust(_HEADERS_SIZE, b"\0") + section


def _exports() -> bytes:
    """Return the export directory with its three tables of one entry, then the texts."""
    tables = struct.calcsize("<IIHHIIIIIII")
    address_table, name_table, ordinal_table = (
        *(_SECTION_AT + tables, _SECTION_AT + tables + 4, _SECTION_AT + tables + 8),
    )
    texts = _SECTION_AT + tables + 10
    library_name, export, forwarder = (
        text.encode() + b"\0" for text in (NAME, _EXPORT, _FORWARDED_TO)
    )
    export_at = texts + len(library_name)
    forwarder_at = export_at + len(export)
    directory = struct.pack(
        *("<IIHHIIIIIII", 0, 0, 0, 0, texts, 1, 1, 1),
        *(address_table, name_table, ordinal_table),
    )
    # An address inside the export directory is not code but the name to go on with.
    entries = struct.pack("<IIH", forwarder_at, export_at, 0)
    return directory + entries + library_name + export + forwarder


def _dos_header() -> bytes:
    return b"MZ".ljust(60, b"\0") + struct.pack("<I", 64)


def _file_header() -> bytes:
    return struct.pack("<HHIIIHH", _X86_64, 1, 0, 0, 0, _OPTIONAL_HEADER_SIZE, _IS_LIBRARY)


def _optional_header(exports_size: int) -> bytes:
    fixed = struct.pack(
        "<HBBIIIIIQIIHHHHHHIIIIHHQQQQII",
        *(_PE32_PLUS, 0, 0, 0, _FILE_UNIT, 0, 0, _SECTION_AT, _IMAGE_BASE),
        *(_SECTION_AT, _FILE_UNIT, 6, 0, 0, 0, 6, 0, 0, _IMAGE_SIZE, _HEADERS_SIZE, 0),
        *(_CONSOLE, _MAY_MOVE_NO_CODE_IN_DATA, 0x100000, 0x1000, 0x100000, 0x1000, 0),
        _DIRECTORIES,
    )
    export_directory = struct.pack("<II", _SECTION_AT, exports_size)
    return fixed + export_directory.ljust(8 * _DIRECTORIES, b"\0")
