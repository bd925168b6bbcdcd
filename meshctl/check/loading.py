"""The pages of what loading a config and rendering templates say; they are told there, with their lines."""

from __future__ import annotations
