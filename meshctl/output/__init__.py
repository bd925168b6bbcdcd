"""Printers: they consume what the rooms below give, and know nothing of how it came about.

The only room that imports `rich`, and only where a terminal is drawn upon.
"""
