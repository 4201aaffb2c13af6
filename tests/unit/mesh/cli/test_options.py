"""What several commands are given: each is asked for it in the same words, and takes the same."""

from collections.abc import Iterator
from pathlib import Path

import click
from click.testing import CliRunner

from mesh.cli.commands import cli
from mesh.cli.options import EXISTING, NEWEST, config_option
from schemas.errors import ExitStatus


def options(group: click.Group) -> Iterator[tuple[str, click.Option]]:
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from options(command)
        for each in command.params:
            if isinstance(each, click.Option):
                yield name, each


def test_a_configuration_is_asked_for_in_the_same_way_by_every_command() -> None:
    found = {name: each for name, each in options(cli) if "-c" in each.opts}
    assert set(found) >= {"up", "agent", "halt", "backtest", "sweep", "import", "journal", "record", "doctor"}
    for each in found.values():
        assert (each.name, each.opts, each.type) == ("config_file", ["-c", "--config"], EXISTING)
        assert str(each.help).startswith("Configuration file (TOML)")


def test_a_command_says_which_configuration_it_takes_if_none_is_named() -> None:
    @click.command()
    @config_option()
    def plain(config_file: Path | None) -> None:
        click.echo(repr(config_file))

    runner = CliRunner()
    assert f"without one, {NEWEST}" in " ".join(runner.invoke(plain, ["--help"]).stdout.split())
    assert runner.invoke(plain, []).stdout == "None\n"
    assert runner.invoke(plain, ["--config", "some.toml"]).stdout == f"{Path('some.toml')!r}\n"


def test_a_folder_is_no_configuration(tmp_path: Path) -> None:
    assert CliRunner().invoke(cli, ["status", "-c", str(tmp_path)]).exit_code == ExitStatus.USAGE


def test_an_archive_is_named_in_the_same_words_by_every_command_of_the_past() -> None:
    found = {name: each for name, each in options(cli) if "--archive" in each.opts}
    assert set(found) >= {"backtest", "sweep", "import"}
    assert {each.name for each in found.values()} == {"archive"}
    assert {each.help for each in found.values()} == {"The agent whose archive it is (default: the only one)."}
