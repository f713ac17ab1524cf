"""The preview: one pack in a browser, made anew whenever a file that it is made from is saved.

`serve` listens on this machine alone. The pack is made in a process of its own (`kpilib.preview.desk`), with the same
functions as in a build; that process is replaced when kpilib itself is edited.
"""
