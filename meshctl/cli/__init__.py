"""The command line: commands parse, call and print; this room alone catches errors and exits."""

from meshctl.cli.program import main as main
