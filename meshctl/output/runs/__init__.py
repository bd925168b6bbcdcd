"""Printers of long work: each consumes the events of a run, live or read back from a record."""

from meshctl.output.runs.board import Board as Board
from meshctl.output.runs.printers import Printer as Printer
from meshctl.output.runs.printers import printer as printer
