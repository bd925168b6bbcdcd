"""YAML as Kubernetes reads it: the only room that imports `yaml`.

Kubernetes reads YAML with goyaml.v2 and turns the result into JSON (sigs.k8s.io/yaml), which differs from YAML 1.1,
from YAML 1.2 and from PyYAML. `load` gives the values that kubectl would get, `dump` writes text from which kubectl
gets the values back. tests/test_yamlio.py proves both against kubectl itself.
"""

from __future__ import annotations

from meshctl.yamlio.document import Document, Path
from meshctl.yamlio.nodes import Node, compose
from meshctl.yamlio.quoting import quote
from meshctl.yamlio.reader import load, load_all
from meshctl.yamlio.source import UNREADABLE, decode, read_text
from meshctl.yamlio.writer import dump, dump_all

__all__ = [
    "LARGEST",
    "UNREADABLE",
    "Document",
    "Node",
    "Path",
    "compose",
    "decode",
    "dump",
    "dump_all",
    "load",
    "load_all",
    "quote",
    "read_text",
]
