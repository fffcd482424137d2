"""Fits networks and writes ``models/<name>/``; the only room that changes weights."""
