"""ClickHouse under the archive: what is inserted, into which tables, how, and what happens when ClickHouse is away.

- `agent`: follows, gathers and hands over.
- `streams`, `arrivals`: what the archive follows; `row_intake`: messages into columns as they come; `batch`: rows as
  the agent hands them over; `columns`, `common_columns`, `market_tables`, `tables`,
  `ddl`: the schema.
- `native`: rows to column blocks; `database`: one client, inserts that happen exactly once; `engine`: the embedded one and
  what it is told; `writer`: the shell that runs inserts in a thread.
- `versions`: the schema's version, and the way to it from older ones; `retention`: how long rows are kept; `backup`: out of
  it and back; `upkeep`: what `tickmesh archive` does.
- `reader`: ticks of one instrument back out of a table, as numpy columns for a replay.
- `recordings`: the market back out as the messages that it was, for a replay through agents; `runs`: which stretches of a
  stream there are; `row_messages`: rows as messages.

Nothing lost: a position is only taken as archived (table `watermarks`) after every table has its rows up to it, and the
archive resumes from there out of the publishers' logs. Nothing doubled: every row carries its position; one insert is
one block of one day, which ClickHouse takes as a whole or not at all; so after a crash, or an insert whose outcome is
not known, the highest position that each table holds says which rows are in it. ClickHouse's own deduplication is off:
blocks are cut differently after a crash, and its list of blocks can name one whose part the crash kept from being. An
insert that a server finishes after its client gave up is waited for.

Nothing here is imported with the agent but what needs no more than `core`: numpy, clickhouse-connect and chdb come with
`database` and `engine`, numpy alone with `reader`, and what replays with `recordings`.
"""

from agents.archive.agent import build, count_ticks, shell

__all__ = ["build", "count_ticks", "shell"]
