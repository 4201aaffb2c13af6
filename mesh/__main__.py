"""`python -m mesh`: the same as `tickmesh`."""

from mesh.cli.commands import main

if __name__ == "__main__":
    main()
