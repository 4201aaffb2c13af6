"""ClickHouse under the archive: what is inserted, into which tables, how, and what happens when ClickHouse is away.

- `batch`: rows as the agent hands them over; `streams`: what the archive follows; `columns`, `tables`, `ddl`: the schema.
- `native`: messages to column blocks; `database`: one client, inserts that happen exactly once; `writer`: the shell that
  runs inserts in a thread and tries again until they are done.

Nothing lost: a position is only taken as archived (table `watermarks`) after every table has its rows up to it, and the
archive resumes from there out of the publishers' logs. Nothing doubled: every row carries its position; one insert is one
block of one day, which ClickHouse takes as a whole or not at all; so after a crash, or an insert whose outcome is not
known, the highest position that each table holds says which rows are in it. We chose this over tokens for blocks because
blocks are cut differently after a crash; ClickHouse's own deduplication of blocks stands behind it for an insert that a
server finishes after its client gave up.

Nothing here is imported with the agent but what is plain Python: numpy, clickhouse-connect and chdb come with `database`.
"""
