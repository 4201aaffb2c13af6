"""The error tree: what a peer, a venue, a file or a person can do wrong.

Every error says what was found, what was allowed and, where there is one, what to do. A programmer's error is an
`assert`; an expected outcome on the message path is a return value; neither is here.
"""

from enum import IntEnum


class ExitStatus(IntEnum):
    """Exit status of every `tickmesh` command (values of sysexits.h where one fits)."""

    OK = 0
    FAILED = 1
    USAGE = 2
    DAMAGED = 65
    NO_INPUT = 66
    UNAVAILABLE = 69
    SOFTWARE = 70
    ADDRESS_TAKEN = 71
    ALREADY_RUNNING = 73
    IO_ERROR = 74
    FENCED = 77
    CONFIG = 78


class TickmeshError(Exception):
    """Root of all errors that Tickmesh raises on purpose; `exit_status` is what a command ends with."""

    exit_status = ExitStatus.FAILED


class ConfigError(TickmeshError):
    """The configuration file holds something that is not allowed; the message names the key."""

    exit_status = ExitStatus.CONFIG


class CaptureError(TickmeshError):
    """A recorded capture is missing or not in a known format."""

    exit_status = ExitStatus.NO_INPUT


class DamagedFileError(TickmeshError):
    """A file that is imported is damaged, and that is to be the end; the place is named."""

    exit_status = ExitStatus.DAMAGED


class AddressTakenError(TickmeshError):
    """An endpoint that this process must bind is in use."""

    exit_status = ExitStatus.ADDRESS_TAKEN


class AlreadyRunningError(TickmeshError):
    """The same agent runs already on this host."""

    exit_status = ExitStatus.ALREADY_RUNNING


class UnavailableError(TickmeshError):
    """A peer, venue or database that a command needs does not answer."""

    exit_status = ExitStatus.UNAVAILABLE


class FencedError(TickmeshError):
    """A peer of this agent has been asked by a newer instance of it, and acts for this one no more."""

    exit_status = ExitStatus.FENCED


class FrameError(TickmeshError, ValueError):
    """Bytes that are not a frame: too short, another version, or a payload that does not decode."""


class DecimalError(TickmeshError, ValueError):
    """Text that is not an exact multiple of the unit it is to be counted in."""


class TermsError(TickmeshError, ValueError):
    """A strategy asks for an order in terms that its instrument does not have."""


class RecordingError(TickmeshError):
    """The disk does not take what is to be recorded."""

    exit_status = ExitStatus.IO_ERROR


class LogError(TickmeshError):
    """The publication log cannot be used as it lies on disk."""

    exit_status = ExitStatus.IO_ERROR


class LogBusyError(LogError):
    """Another process writes this log."""

    exit_status = ExitStatus.ALREADY_RUNNING


class LogDamagedError(LogError):
    """A record other than the torn tail does not match its checksum."""

    exit_status = ExitStatus.CONFIG

    def __init__(self, path: str, offset: int, found: str) -> None:
        """Name the file, the byte offset of the damaged record and what was found there."""
        super().__init__(f"{path}: damaged at byte {offset}: {found}; restore the file or move the log away")
        self.path = path
        self.offset = offset
        self.found = found


class LogVersionError(LogError):
    """The frames of a log are of another version of the header."""

    exit_status = ExitStatus.CONFIG

    def __init__(self, path: str, found: int, allowed: int) -> None:
        """Name the file, the version that was found and the one that is read."""
        super().__init__(
            f"{path}: a log of version {found}: only version {allowed} is read; "
            "start with a fresh state folder, or read it with the version of Tickmesh that wrote it"
        )
        self.path = path
        self.found = found
        self.allowed = allowed


class LogOlderError(LogError):
    """A publisher's log does not reach as far as its follower's state."""

    exit_status = ExitStatus.CONFIG

    def __init__(self, publisher: str, stream: str, known: tuple[int, int], found: tuple[int, int]) -> None:
        """Name the stream, how far it was followed and where the log ends, both as (epoch, seq)."""
        super().__init__(
            f"the log of {publisher} ends at {found[0]}/{found[1]} of {stream}, which was followed up to "
            f"{known[0]}/{known[1]}: it is an older copy, or another one; restore it, or delete the anchors of this agent "
            "to begin with the log as it is"
        )


class LogMoveError(LogError):
    """A segment cannot be moved to where another file of its name lies."""

    def __init__(self, segment: object, target: object) -> None:
        """Name both files."""
        super().__init__(
            f"{segment}: another file lies at {target}; give each mesh a folder of its own for what it moves"
        )


class LogAwayError(LogError):
    """A log begins with segments that were moved to where they cannot be read, and nothing tells what they hold."""

    exit_status = ExitStatus.CONFIG

    def __init__(self, path: str, target: str) -> None:
        """Name the last of these segments and where it was moved to."""
        super().__init__(
            f"{path}: moved to {target}, which is not there, and no anchor that fits lies behind it; "
            "bring the folder of moved segments back"
        )


class LogGoneError(LogError):
    """A publisher does not keep any more what its follower's state cannot do without."""

    exit_status = ExitStatus.CONFIG

    def __init__(self, publisher: str, stream: str, count: int, oldest: tuple[int, int]) -> None:
        """Name the stream, how many of its messages are missing at least, and what it is kept from, as (epoch, seq)."""
        super().__init__(
            f"the log of {publisher} has {stream} from {oldest[0]}/{oldest[1]} on, "
            f"and {count} messages before that are needed: bring the folder of its moved segments back, "
            "or the anchors of this agent"
        )


class SchemaVersionError(TickmeshError):
    """An archive's tables are of a newer version of Tickmesh."""

    exit_status = ExitStatus.CONFIG

    def __init__(self, archive: str, found: int, allowed: int) -> None:
        """Name the archive, the version that was found and the newest that is known here."""
        super().__init__(
            f"{archive}: its tables are of schema version {found}: up to version {allowed} is known here; use the "
            "version of Tickmesh that wrote it, or a newer one, or restore a backup of before"
        )
        self.found = found
        self.allowed = allowed


class ProtocolError(TickmeshError):
    """A peer broke a rule of the mesh protocol."""


class VenueError(TickmeshError):
    """A venue sent something that its documentation does not allow."""
