"""The scenarios, one noun a file. Each measures one thing that a user of Tickmesh would notice, and what bounds it."""
