"""What a kernel may know of the machine."""

from __future__ import annotations

from pathlib import Path

from kpilib.execute.environment import kernel_environment


def test_secrets_and_settings_stay_outside() -> None:
    outside = {
        "PATH": "/bin",
        "LC_ALL": "C.UTF-8",
        "OMP_NUM_THREADS": "3",
        "KPILIB_SOURCE__URL": "postgresql://u:secret@db/crm",
        "KPILIB_SMTP_PASSWORD": "secret",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "PGPASSWORD": "secret",
        "DATABASE_URL": "secret",
        "MY_PATH": "secret",
        "HOMEPAGE": "secret",
    }
    assert kernel_environment(Path("s"), outside) == {
        "PATH": "/bin",
        "LC_ALL": "C.UTF-8",
        "OMP_NUM_THREADS": "3",
        "OPENBLAS_NUM_THREADS": "1",
        "IPYTHONDIR": str(Path("s") / "ipython"),
        "PYTHONHASHSEED": "0",
        "PYDEVD_DISABLE_FILE_VALIDATION": "1",
    }
