"""The charts of a pack, each in its own file: KPI in, `kpilib.parts.Chart` out."""
