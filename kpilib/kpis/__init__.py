"""The KPIs: one file each, one registry; pure functions, frame in, `Kpi` out."""
