"""From an executed notebook to pages, and what is checked on finished pages.

`kpilib.render.pages` makes both formats of a pack at once; `kpilib.render.exporters` offers the same to
`jupyter nbconvert`. `kpilib.render.leaks` and `kpilib.render.checks` read finished pages back.
"""

from __future__ import annotations
