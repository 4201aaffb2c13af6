"""The command that keeps what venues send: `tickmesh record`."""

from pathlib import Path

import click

from mesh.cli.options import FOLDER, config_option

SECONDS = click.FloatRange(min=0, min_open=True)
SEGMENT_MB, SEGMENT_S, STATUS_S = 256.0, 3600.0, 60.0


@click.command()
@config_option()
@click.option("--out", type=FOLDER, help="Folder of the files (default: `record` in the state folder).")
@click.option("--venue", "venues", multiple=True, metavar="V", help="Only this venue; repeatable.")
@click.option("--instrument", "symbols", multiple=True, metavar="SYM", help="Only this instrument; repeatable.")
@click.option(
    "--segment-mb",
    type=click.FloatRange(min=0.001),
    default=SEGMENT_MB,
    show_default=True,
    metavar="N",
    help="A file is full with N million bytes, not packed.",
)
@click.option(
    "--segment-s",
    type=SECONDS,
    default=SEGMENT_S,
    show_default=True,
    metavar="S",
    help="A file is full after S seconds.",
)
@click.option(
    "--status-s", type=SECONDS, default=STATUS_S, show_default=True, metavar="S", help="Tell how it is so often."
)
@click.option(
    "--duration", "duration_s", type=SECONDS, metavar="S", help="Record for S seconds (default: until Ctrl-C)."
)
def record(
    config_file: Path | None,
    out: Path | None,
    venues: tuple[str, ...],
    symbols: tuple[str, ...],
    segment_mb: float,
    segment_s: float,
    status_s: float,
    duration_s: float | None,
) -> None:
    """Keep what the venues send: each frame as it came, with the time of its receipt, in files that `--capture` plays.

    No agent is needed for it, and no key. Exit status 73 if another process records to the folder, 74 if the disk does not
    take more: what is there ends with a whole line, and a later start goes on.
    """
    from mesh.roles import role_module
    from mesh.run import recording
    from mesh.run.run_folders import load_run

    config = load_run(config_file)
    folder = (out or Path(config.mesh.state_dir) / recording.NAME).absolute()
    recorder = role_module("recorder")
    limits = recorder.RecordingLimits(segment_bytes=int(segment_mb * 1e6), segment_s=segment_s)
    found = recorder.build(config, folder, venues, symbols, limits)
    click.echo(f"recording to {folder}", err=True)
    recording.run(found, folder, duration_s=duration_s, status_s=status_s)
