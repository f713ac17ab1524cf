"""Made-up but lifelike data: thirty partners with their stories, seeded, in any size, dirty as exports are."""

from kpilib.sample.write import SampleReport, write_sample

__all__ = ["SampleReport", "write_sample"]
