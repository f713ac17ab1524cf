"""Making packs: plan, skip what is fresh, a pool of workers, and packs that appear whole or not at all.

`kpilib.build.run.build` is the way in. A job is bytes in, bytes out (`kpilib.build.job`): it travels to another
process or machine as it is.
"""
