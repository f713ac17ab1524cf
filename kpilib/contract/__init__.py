"""The contract: which tables and columns kpilib knows, and which rows it accepts, repairs or rejects."""
