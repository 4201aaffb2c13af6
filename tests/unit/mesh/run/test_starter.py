"""What `tickmesh new` writes, and that it never writes over anything."""

from pathlib import Path

import pytest

from mesh.config import load
from mesh.roles import check_agents
from mesh.run.default_config import provide_credentials
from mesh.run.starter import write
from schemas.config import PaperConfig
from schemas.errors import ConfigError

NAMES = ["tickmesh.toml", "mine.py", "test_mine.py"]


def test_files_lie_in_the_folder_and_the_configuration_is_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("TICKMESH_PAPER_KEY", "TICKMESH_PAPER_SECRET"):
        monkeypatch.setenv(name, "of this test")
    folder = tmp_path / 'with "quotes"'
    paths = write(folder)
    assert [path.name for path in paths] == NAMES
    assert sorted(path.name for path in folder.iterdir()) == sorted(NAMES)
    config = load(paths[0])
    provide_credentials(config)
    check_agents(config)
    assert config.mesh.state_dir == str(folder / "state")
    paper = config.agents["paper"]
    assert isinstance(paper, PaperConfig)
    assert config.venues[0].rest_url == f"http://{paper.listen}"
    assert "from mine import Mine" in paths[2].read_text()


@pytest.mark.parametrize("name", NAMES)
def test_file_that_is_there_is_left_alone(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("mine\n")
    with pytest.raises(ConfigError, match=rf"{name}: is there already"):
        write(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [name]
    assert (tmp_path / name).read_text() == "mine\n"


def test_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match="file/new: cannot be written"):
        write(tmp_path / "file/new")
