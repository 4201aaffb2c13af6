"""Recorded market data of anybody's into the archive, and out of it: `tickmesh import` and `tickmesh data`.

- `importing`: file after file. `formats`: which format a file is in. `targets`: which instrument it is of.
- `captures`: frames of a venue, through the real market data agent in recorded time.
- `delimited`: rows with commas; `binance_files`, `tardis_files`: what is in their columns; `book_rows`: books out of single
  levels; `fields`: texts as ticks, lots and times; `lines`: lines of packed files. `npz_files`: events of
  hftbacktest.
- `sink`: into the archive, each row once; `rows`: rows as columns. `faults`: what is damaged.

- `holdings`: what the archive holds. `parquet_export`, `parquet_files`: Parquet out of it and into it; `parquet_columns`:
  what is in it.

A file is read from its beginning whatever was imported of it before, and numbered in the same way, so the archive itself
says which of its rows it has: nothing else has to be kept of how far an import came. The archive's rows are in ticks and
lots: a value that is no whole number of them is refused and named, never rounded.
"""

from agents.importer.holdings import Chosen, Holding, holdings
from agents.importer.importing import ImportedFile, ImportOptions, import_files
from agents.importer.parquet_export import export

__all__ = ["Chosen", "Holding", "ImportOptions", "ImportedFile", "export", "holdings", "import_files"]
