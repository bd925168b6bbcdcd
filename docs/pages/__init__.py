"""The pages that docs/generate.py writes: a module each, whose `page` is the whole text."""
