"""The read side: what the tables of the write side tell, over HTTP. Every query is of one workspace."""
