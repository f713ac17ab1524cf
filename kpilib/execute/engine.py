"""The engine ``kpilib-warm`` for Papermill: ``papermill --engine kpilib-warm in.ipynb out.ipynb``.

Papermill loads the entry points of engines while it is itself being imported, so nothing of it is imported here
before an engine is asked for.
"""

from __future__ import annotations

from typing import Any

__all__ = ["WarmEngine"]


class WarmEngine:
    """Papermill's engine over the fork server; outputs, counts, metadata and errors are those of its own engine.

    On systems that cannot fork such a process safely (macOS, Windows) kernels start as usual, and it is said so.
    """

    @classmethod
    def execute_notebook(cls, nb: Any, kernel_name: str, **options: Any) -> Any:
        """Execute a notebook and return it."""
        from kpilib.execute.warm import Engine

        return Engine.execute_notebook(nb, kernel_name, **options)

    @classmethod
    def nb_kernel_name(cls, nb: Any, name: str | None = None) -> str:
        """Return the kernel's name as Papermill's own engine finds it."""
        from kpilib.execute.warm import Engine

        return str(Engine.nb_kernel_name(nb, name))

    @classmethod
    def nb_language(cls, nb: Any, language: str | None = None) -> str:
        """Return the notebook's language as Papermill's own engine finds it."""
        from kpilib.execute.warm import Engine

        return str(Engine.nb_language(nb, language))
