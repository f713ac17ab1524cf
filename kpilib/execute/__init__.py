"""Executing a notebook for one pack: strict parameters, a kernel that sees its slice alone, errors that say which cell.

Nothing is imported here: what starts in a kernel's process must not load what runs beside it.
"""
