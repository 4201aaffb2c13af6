"""What `tickmesh new` writes for whoever begins: a configuration, a strategy and its test, to be changed at will.

    tickmesh.toml   the configuration, with a comment at what one may want to change
    mine.py         the strategy that it names as `./mine.py:Mine`
    test_mine.py    its test: by hand, and in a rehearsal of the whole configuration

They are files of this package and not texts in it, so that they are checked, typed and tested as all others are. Copies
differ from them in one line: there `mine` is imported from beside the test.
"""
